"""The sweep: finds by the rows alone what a lost message, a dead worker or an ended consent left to do.

Revocation travels up as rows: `consent` knows nothing of voices, so this asks which consents have ended. It works by
level and not by edge; whatever it did not finish, it finds again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from accounts.clock import now_for
from consent import gate, queries
from consent.models import Consent
from consent.rules.states import State
from core.errors import NotFound
from provenance import clips
from provenance.models import Clip, ClipState
from provenance.verifying import ENDED_FOR_GOOD
from voices import attempts, binding, cloning, comparison, jobs, removal
from voices.models import Voice, VoiceState

ACTOR: Final = "system:sweep"
MOST: Final = 500
# Longer than a job's lease and any call: what is still `making` by then has nobody working on it.
CLIP_GIVEN_UP_AFTER: Final = timedelta(minutes=15)
# Ended consents are looked at for this long; a service that stood still for longer starts by looking at all.
LOOK_BACK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Ids of what has to be carried on by tasks of its own."""

    jobs: tuple[str, ...]
    voices: tuple[str, ...]
    comparisons: tuple[str, ...]


def sweep(*, at: datetime) -> Found:
    """Settle what can be settled at once, and give the rest. `at` is the real time."""
    follow_renewals()
    end_voices(at=at)
    withdraw_clips(at=at)
    give_up_voices(at=at)
    give_up_clips(at=at)
    gate.release_stale(at=at)
    waiting = jobs.with_work(at=at).by_turn().values_list("id", flat=True)[:MOST]
    going = Voice.objects.filter(state=VoiceState.REVOKING).filter(Q(lease_until=None) | Q(lease_until__lte=at))
    return Found(
        jobs=tuple(waiting),
        voices=tuple(going.order_by("id").values_list("id", flat=True)[:MOST]),
        comparisons=comparison.waiting(most=MOST),
    )


def follow_renewals() -> int:
    """Let the voices of a renewed consent rest on the one that took its place; gives their number."""
    moved = 0
    for ended in _ended_under_voices():
        carrier = queries.carried_by(ended.consent_id)
        if carrier != ended.consent_id:
            resting = Voice.objects.live().filter(consent_id=ended.consent_id).order_by("id")
            moved += sum(binding.carry_over(voice, carrier) for voice in resting)
    return moved


def end_voices(*, at: datetime) -> int:
    """Turn the voices of ended consents towards deletion, and note those that ended at their provider."""
    Voice.objects.that_may_become(VoiceState.EXPIRED).filter(provider_expires_at__lte=at).update(
        state=VoiceState.EXPIRED, code="provider_expired"
    )
    ended = [consent.consent_id for consent in _ended_under_voices() if consent.state != State.SUPERSEDED]
    doomed = Voice.objects.live().filter(consent_id__in=ended).values_list("id", flat=True)
    return sum(removal.begin(voice_id, code="consent_ended") for voice_id in list(doomed))


def _ended_under_voices() -> tuple[queries.Ended, ...]:
    live = Voice.objects.live().order_by("consent_id").values_list("consent_id", flat=True)
    return queries.ended_among(live.distinct())


def withdraw_clips(*, at: datetime) -> int:
    """Mark the clips of revoked consents as withdrawn; gives their number."""
    recently = Q(ended_at__gte=at - LOOK_BACK) | Q(revoked_at__gte=at - LOOK_BACK)
    ended = Consent.objects.filter(recently, state__in=ENDED_FOR_GOOD).order_by("id")
    withdrawn = 0
    for consent in ended.select_related("organisation").iterator(chunk_size=MOST):
        if not Clip.objects.filter(consent_id=consent.id, state=ClipState.ISSUED).exists():
            continue
        time = now_for(consent.organisation, livemode=consent.livemode, real=at)
        while count := clips.withdraw_of(consent.id, at=time, actor=ACTOR):
            withdrawn += count
    return withdrawn


def give_up_voices(*, at: datetime) -> int:
    """Fail the voices whose making was cut off, and give their permits back; gives their number."""
    making = Voice.objects.filter(state__in=(VoiceState.CHECKING, VoiceState.TRAINING)).select_related("organisation")
    given_up = 0
    for voice in making.order_by("id")[:MOST]:
        time = now_for(voice.organisation, livemode=voice.livemode, real=at)
        if voice.lease_until is not None and voice.lease_until > time:
            continue
        gate.release(gate.permit_of(voice.decision_id), at=time)
        given_up += cloning.give_up(voice, code="interrupted", actor=ACTOR, at=time)
    return given_up


def give_up_clips(*, at: datetime) -> int:
    """Abort the clips whose making was cut off, and give their permits back; gives their number."""
    making = Clip.objects.filter(state=ClipState.MAKING).select_related("organisation").order_by("id")
    given_up = 0
    for clip in making[:MOST]:
        time = now_for(clip.organisation, livemode=clip.livemode, real=at)
        if clip.created_at > time - CLIP_GIVEN_UP_AFTER:
            continue
        try:
            permit = gate.permit_of(clip.decision_id)
        except NotFound:  # nothing was set aside
            continue
        given_up += attempts.give_up(clip.id, permit=permit, code="interrupted", actor=ACTOR, at=time)
    return given_up

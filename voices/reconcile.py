"""The sweep: finds by the rows what a lost message, a dead worker or an ended consent left undone.

`consent` knows nothing of voices, so the sweep asks which consents have ended. It reads states and
not events: what it did not finish, it finds again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.functions import Cast, Concat, StrIndex

from accounts.sandbox_clock import now_for
from consent import gate, selectors
from consent.models import Consent, Reservation
from consent.policy.state_machine import ENDED_FOR_GOOD, ConsentState
from core import leases, transactions
from core.contained_faults import contain_fault
from core.errors import NotFound
from provenance.clips import clip_lifecycle, stream_progress
from provenance.clips.log_body import LoggedTerms
from provenance.models import Clip, ClipState
from voices import (
    background_cloning,
    remote_voices,
    sample_reviews,
    voice_comparison,
    voice_deletion,
    voice_events,
    voice_expiry,
    voice_macs,
)
from voices.models import Voice, VoiceState
from voices.speech import clip_delivery, job_queue

ACTOR: Final = "system:sweep"
MOST: Final = 500
# Consents that ended this long ago are still looked at.
LOOK_BACK: Final = timedelta(days=30)
# Between its permit and its clip a call asks the database alone, and a task waits no longer for it.
UNUSED_FOR: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWork:
    """Ids of jobs, of voices to delete or to make, and of comparisons, that need tasks."""

    jobs: tuple[str, ...]
    voices: tuple[str, ...]
    trainings: tuple[str, ...]
    comparisons: tuple[str, ...]


def sweep_pending_work(*, at: datetime) -> PendingWork:
    """Settle what can be settled at once, and return the rest. `at` is the real time.

    What goes wrong in one step, or with one row, is logged and ends no other.
    """
    for step in _STEPS:
        with contain_fault("sweep step failed", step=step.__name__):
            step(at=at)

    waiting = job_queue.jobs_with_work(at=at).by_turn().values_list("id", flat=True)[:MOST]
    going = Voice.objects.filter(leases.has_no_lease(at), state=VoiceState.REVOKING)
    making = background_cloning.select_queued_voices().filter(leases.has_no_lease(at))
    return PendingWork(
        jobs=tuple(waiting),
        voices=tuple(going.order_by("id").values_list("id", flat=True)[:MOST]),
        trainings=tuple(making.order_by("id").values_list("id", flat=True)[:MOST]),
        comparisons=voice_comparison.list_waiting_voices(limit=MOST),
    )


def follow_renewals(*, at: datetime) -> int:  # noqa: ARG001 - the signature of a step
    """Move the voices of a renewed consent to the new one, and return how many."""
    moved = 0

    for ended in _ended_consents_of_voices():
        carrier = selectors.find_latest_successor(ended.consent_id)
        if carrier != ended.consent_id:
            resting = Voice.objects.live().filter(consent_id=ended.consent_id).order_by("id")
            moved += sum(voice_macs.carry_over(voice, carrier) for voice in resting)

    return moved


def end_voices(*, at: datetime) -> int:  # noqa: ARG001 - the signature of a step
    """Begin the deletion of the voices of ended consents, and return how many."""
    ended = [
        consent.consent_id
        for consent in _ended_consents_of_voices()
        if consent.state != ConsentState.SUPERSEDED
    ]
    doomed = Voice.objects.live().filter(consent_id__in=ended).values_list("id", flat=True)
    return sum(
        voice_deletion.begin_deletion(voice_id, code="consent_ended") for voice_id in list(doomed)
    )


def end_uncovered_voices(*, at: datetime) -> int:  # noqa: ARG001 - the signature of a step
    """Begin the deletion of voices at providers that their consents do not cover any more.

    The person's consent was narrowed, or a new one without that provider took its place. Returns
    how many.
    """
    word = Concat(Value('"'), OuterRef("provider"), Value('"'))
    consents = Consent.objects.filter(id=OuterRef("consent_id"))
    covering = consents.annotate(
        place=StrIndex(Cast("providers", TextField()), Cast(word, TextField()))
    ).filter(place__gt=0)
    uncovered = Voice.objects.live().filter(Exists(consents), ~Exists(covering)).order_by("id")
    return sum(
        voice_deletion.begin_deletion(voice_id, code="provider_not_covered")
        for voice_id in list(uncovered.values_list("id", flat=True)[:MOST])
    )


def _ended_consents_of_voices() -> tuple[selectors.Ended, ...]:
    live = Voice.objects.live().order_by("consent_id").values_list("consent_id", flat=True)
    return selectors.list_ended_among(live.distinct())


def withdraw_clips(*, at: datetime) -> int:
    """Set the clips of withdrawn consents to `withdrawn`, and return how many."""
    recently = Q(ended_at__gte=at - LOOK_BACK) | Q(revoked_at__gte=at - LOOK_BACK)
    ended = Consent.objects.filter(recently, state__in=sorted(ENDED_FOR_GOOD)).order_by("id")
    withdrawn = 0

    for consent in ended.select_related("organisation").iterator(chunk_size=MOST):
        if not Clip.objects.filter(consent_id=consent.id, state=ClipState.ISSUED).exists():
            continue
        time = now_for(consent.organisation, livemode=consent.livemode, wall_time=at)
        with contain_fault("clips not withdrawn", consent=consent.id):
            while count := clip_lifecycle.withdraw_clips_of_consent(
                consent.id, at=time, actor=ACTOR
            ):
                withdrawn += count

    return withdrawn


def give_up_voices(*, at: datetime) -> int:
    """Fail the voices whose making was cut off, release their permits, and return how many."""
    making = Voice.objects.filter(
        state__in=(VoiceState.CHECKING, VoiceState.TRAINING), in_background=False
    ).select_related("organisation")
    given_up = 0

    for voice in making.order_by("id")[:MOST]:
        time = now_for(voice.organisation, livemode=voice.livemode, wall_time=at)
        if voice.lease_until is not None and voice.lease_until > time:
            continue
        with contain_fault("voice not given up", voice=voice.id):
            gate.release(gate.get_permit(voice.decision_id), at=time)
            given_up += voice_events.give_up_voice(voice, code="interrupted", actor=ACTOR, at=time)

    return given_up


def delete_leftovers(*, at: datetime) -> int:  # noqa: ARG001 - the signature of a step
    """Begin the deletion of voices that failed here and may be at their provider."""
    left = remote_voices.list_leftovers().order_by("id").values_list("id", "code")[:MOST]
    return sum(voice_deletion.begin_deletion(voice_id, code=code) for voice_id, code in list(left))


def expire_reviews(*, at: datetime) -> int:
    """Give up the voices whose recordings waited too long for a person, and return how many."""
    waiting = Voice.objects.filter(state=VoiceState.CHECKING).select_related("organisation")
    expired = 0

    for voice in waiting.order_by("created_at", "id")[:MOST]:
        time = now_for(voice.organisation, livemode=voice.livemode, wall_time=at)
        if voice.created_at > time - sample_reviews.KEPT:
            continue
        with contain_fault("review not expired", voice=voice.id):
            expired += sample_reviews.expire_review(voice.id, actor=ACTOR, at=time)

    return expired


def give_up_clips(*, at: datetime) -> int:
    """Abort the clips whose process died, and return how many.

    Of a stream the most that can have left is logged and charged. Else the permit is released.
    """
    making = Clip.objects.filter(state=ClipState.MAKING).select_related("organisation")
    given_up = 0

    for clip in making.order_by("lease_until", "id")[:MOST]:
        time = now_for(clip.organisation, livemode=clip.livemode, wall_time=at)
        if clip.lease_until is not None and clip.lease_until > time:
            continue
        with contain_fault("clip not given up", clip=clip.id):
            given_up += _give_up_clip(clip, at=time)

    return given_up


@transactions.requires_transaction
def give_up_clips_of_subject(subject: str, *, at: datetime) -> int:
    """Abort what is being made of a person whose data is about to be erased, and return how many.

    What left of their streams must be in the log before nothing leads to them any more.
    """
    making = Clip.objects.filter(state=ClipState.MAKING, subject=subject).order_by("id")
    return sum(_give_up_clip(clip, at=at) for clip in making)


def _give_up_clip(clip: Clip, *, at: datetime) -> bool:
    try:
        permit = gate.get_permit(clip.decision_id)
    except NotFound:
        # Nothing was reserved.
        return False

    asked = {"channel": permit.channel, "territory": permit.territory}
    said = LoggedTerms(script="", grant=permit.terms, asked=asked)
    return clip_delivery.abort_reservation(
        clip.id,
        permit,
        code="interrupted",
        actor=ACTOR,
        at=at,
        partial=stream_progress.find_sent_part(clip.id, said=said),
    )


def release_unused_permits(*, at: datetime) -> int:
    """Release the permits of calls that died before they reserved a clip, and return how many.

    Of a call that has reserved one, the clip's own lease decides.
    """
    clips = Clip.objects.filter(decision_id=OuterRef("decision_id"))
    held = Reservation.objects.filter(~Exists(clips), state=Reservation.State.HELD, clips__gt=0)
    released = 0

    for unused in held.select_related("decision__organisation").order_by("expires_at")[:MOST]:
        decision = unused.decision
        time = now_for(decision.organisation, livemode=decision.livemode, wall_time=at)
        if decision.created_at > time - UNUSED_FOR:
            continue
        with contain_fault("permit not released", decision=decision.id):
            released += gate.release(gate.get_permit(decision.id), at=time)

    return released


def release_stale_permits(*, at: datetime) -> int:
    """Release what permits set aside and no call settled in time, and return how many."""
    return gate.release_stale(at=at)


_STEPS: Final = (
    follow_renewals,
    voice_expiry.expire_voices,
    voice_expiry.warn_of_ends,
    end_voices,
    end_uncovered_voices,
    withdraw_clips,
    give_up_voices,
    delete_leftovers,
    voice_deletion.tell_overdue_deletions,
    expire_reviews,
    give_up_clips,
    release_unused_permits,
    release_stale_permits,
)

"""The two clocks of a voice: its provider's own time for it, and the term of its consent.

A provider counts in real time. A consent counts in the time of its data, which may follow a test
clock. People are told once before each end, by an event of the log and a line in the log of the
process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts.sandbox_clock import compute_wall_time, now_for
from core.clock import format_timestamp
from core.contained_faults import contain_fault
from voices import voice_events, voice_selectors
from voices.models import Voice, VoiceState

logger = logging.getLogger(__name__)

ACTOR: Final = "system:sweep"
MOST: Final = 500
EndingClock = Literal["provider", "consent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEnd:
    """The next end of a voice, and the clock that says so."""

    clock: EndingClock
    ends_at: datetime


def has_expired(voice: Voice, *, at: datetime) -> bool:
    """Return whether the provider's own time for the voice is over at `at`, a time of its data.

    The sweep may not have noted it yet.
    """
    if voice.state == VoiceState.EXPIRED:
        return True
    if voice.provider_expires_at is None:
        return False

    wall_time = compute_wall_time(voice.organisation, livemode=voice.livemode, at=at)
    return wall_time >= voice.provider_expires_at


def expire_voices(*, at: datetime) -> int:
    """Set the voices whose provider's time is over to `expired`, and return how many.

    `at` is the real time.
    """
    over = Voice.objects.that_may_become(VoiceState.EXPIRED).filter(provider_expires_at__lte=at)
    expired = 0
    for voice in over.select_related("organisation").order_by("id")[:MOST]:
        with contain_fault("voice not expired", voice=voice.id):
            expired += _expire_voice(voice, at=_get_data_time(voice, at))

    return expired


@transaction.atomic
def _expire_voice(voice: Voice, *, at: datetime) -> bool:
    rows = Voice.objects.filter(id=voice.id).that_may_become(VoiceState.EXPIRED)
    if not rows.update(state=VoiceState.EXPIRED, code="provider_expired"):
        return False

    body: voice_events.Row = {
        "provider": voice.provider,
        "ends_at": format_timestamp(voice.provider_expires_at),
    }
    voice_events.log_voice_event(voice, "voice.expired", body, actor=ACTOR, at=at)
    return True


def warn_of_ends(*, at: datetime) -> int:
    """Tell people of the ready voices that end soon, and return of how many.

    `at` is the real time.
    """
    told = 0
    for voice, end in _find_ends_to_tell(at):
        with contain_fault("end of a voice not told", voice=voice.id):
            told += _tell_end(voice, end, at=_get_data_time(voice, at))

    return told


def _find_ends_to_tell(at: datetime) -> Iterator[tuple[Voice, ExpectedEnd]]:
    """Yield the voices whose next end is near, and of which no one has been told."""
    notice = timedelta(days=settings.SAYSO_END_NOTICE_DAYS)
    near = Q(provider_expires_at__lte=at + notice) | Q(consent_ends__lte=at + notice)
    # Those with a test clock may be anywhere, and are few.
    moved = Q(livemode=False, organisation__test_clock_ms__gt=0)
    ready = voice_selectors.annotate_consent_ends(Voice.objects.all()).filter(
        near | moved, state=VoiceState.READY
    )
    untold = ready.filter(
        Q(warned_of_end=None)
        | (Q(provider_expires_at=None) | ~Q(warned_of_end=F("provider_expires_at")))
        & (Q(consent_ends=None) | ~Q(warned_of_end=F("consent_ends")))
    )
    for voice in untold.select_related("organisation").order_by("id")[:MOST]:
        end = _find_next_end(voice, at=at)
        if end is not None and end.ends_at != voice.warned_of_end:
            now = at if end.clock == "provider" else _get_data_time(voice, at)
            if end.ends_at - notice <= now < end.ends_at:
                yield voice, end


def _find_next_end(voice: Voice, *, at: datetime) -> ExpectedEnd | None:
    """Return the end that comes first at the real time `at`, None for a voice without any."""
    ends: list[tuple[timedelta, ExpectedEnd]] = []
    if voice.provider_expires_at is not None:
        end = ExpectedEnd(clock="provider", ends_at=voice.provider_expires_at)
        ends.append((voice.provider_expires_at - at, end))

    consent_ends: datetime | None = getattr(voice, "consent_ends", None)
    if consent_ends is not None:
        end = ExpectedEnd(clock="consent", ends_at=consent_ends)
        ends.append((consent_ends - _get_data_time(voice, at), end))

    return min(ends, key=lambda pair: pair[0])[1] if ends else None


@transaction.atomic
def _tell_end(voice: Voice, end: ExpectedEnd, *, at: datetime) -> bool:
    rows = Voice.objects.filter(id=voice.id, state=VoiceState.READY)
    untold = rows.filter(warned_of_end=voice.warned_of_end)
    if not untold.update(warned_of_end=end.ends_at):
        return False

    body: voice_events.Row = {
        "clock": end.clock,
        "ends_at": format_timestamp(end.ends_at),
        "provider": voice.provider,
    }
    voice_events.log_voice_event(voice, "voice.expiring", body, actor=ACTOR, at=at)
    logger.warning("voice ends soon", extra={"voice": voice.id, "clock": end.clock})
    return True


def _get_data_time(voice: Voice, wall_time: datetime) -> datetime:
    return now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_time)

"""Clones that come again: the same call makes one voice, however often it is asked."""

from __future__ import annotations

import time
from typing import Final

from django.db import IntegrityError

from accounts.principal import Principal
from core import transactions
from core.clock import Clock
from core.errors import Unavailable
from core.waiting_places import hold_waiting_place
from voices import voice_library, voice_selectors
from voices.models import Voice, VoiceState
from voices.synthesis_requests import CloneRequest

LONGEST_WAIT: Final = 60.0
_LOOK_EVERY: Final = 0.2
_STANDING: Final = (VoiceState.CHECKING, VoiceState.TRAINING, VoiceState.READY)


class VoiceUnfinished(Unavailable):
    """Another call makes the same voice, and has not finished."""

    code = "voice_unfinished"


def make_voice_once(
    order: CloneRequest, *, principal: Principal, now: Clock, in_background: bool | None = None
) -> Voice:
    """Make the voice of a `repeat_key`, or return the one that stands.

    Raises as `voice_library.create_voice`, and VoiceUnfinished while another call makes it.
    """
    if (made := _wait_for_voice(order.repeat_key, principal)) is not None:
        return made

    try:
        return voice_library.create_voice(
            order, principal=principal, now=now, in_background=in_background
        )
    except IntegrityError:
        made = _wait_for_voice(order.repeat_key, principal)
        if made is None:
            raise
        return made


def _wait_for_voice(key: str, principal: Principal) -> Voice | None:
    """Return the voice of a call that came before, when it is made, or None without one.

    Raises VoiceUnfinished when that takes too long, or too many calls wait already.
    """
    rows = voice_selectors.list_voices(principal).filter(repeat_key=key, state__in=_STANDING)
    voice = rows.first()
    if voice is None or not _is_being_made(voice):
        return voice

    with hold_waiting_place(principal.organisation_id, seconds=LONGEST_WAIT) as seconds:
        ends = time.monotonic() + seconds
        while (voice := rows.first()) is not None and _is_being_made(voice):
            if time.monotonic() >= ends:
                raise VoiceUnfinished("The voice is still being made.", retry_after=5)
            transactions.release_connections()
            time.sleep(_LOOK_EVERY)

    return voice


def _is_being_made(voice: Voice) -> bool:
    return voice.state == VoiceState.TRAINING and not voice.in_background

"""What a provider answers is what was asked for: sound that is heard, as long as its text.

A provider that answers with something else has not refused, so nothing is tried again: it would be
paid for twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from audio.sound import Sound
from upstream.upstream_errors import ProviderRefused

FASTEST: Final = 45.0
"""Letters a second that no voice outruns at its usual speed."""
SLOWEST: Final = 1.5
"""Letters a second below which something else than the text was spoken."""
LONGEST_REST: Final = 20.0
"""Seconds beside the text, such as pauses and spelt numbers."""
QUIETEST_DB: Final = -60.0
"""A peak below it, of full scale, is silence."""


class ProviderAnswerRefused(ProviderRefused):
    """The provider's answer is no speech of this text: silent, or much too short or too long."""

    code = "provider_answer_refused"


def check_provider_sound(sound: Sound, *, letters: int, speed: float) -> None:
    """Check that the sound can be a reading of so many letters and digits at this speed.

    Raises ProviderAnswerRefused, with the `reason` in its facts.
    """
    if not is_audible(sound):
        raise _refuse("silent", "The provider's answer is silent.")

    if sound.seconds < letters / FASTEST / speed:
        raise _refuse("too_short", "The provider's answer is too short for the text.")
    if sound.seconds > LONGEST_REST + letters / SLOWEST / speed:
        raise _refuse("too_long", "The provider's answer is too long for the text.")


def is_audible(sound: Sound) -> bool:
    """Return whether anything is above the quietest level."""
    if not len(sound.samples):
        return False

    peak = float(np.abs(sound.samples).max())
    return peak >= 10 ** (QUIETEST_DB / 20)


def _refuse(reason: str, detail: str) -> ProviderAnswerRefused:
    return ProviderAnswerRefused(detail, facts={"reason": reason})

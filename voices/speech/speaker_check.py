"""The speaker check of what a provider answers: the voice that was asked for, or nothing leaves.

It takes processor time, so it runs in the thread that makes the clip, never in an event loop.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from audio.sound import Sound
from consent.policy import providers
from upstream.upstream_errors import ProviderRefused
from voices import speaker_embeddings, speaker_limits
from voices.models import Voice
from voices.providers.base import AudioChunk
from voices.sample_checks import answer_speaker
from voices.sample_checks.answer_speaker import SpeakerBand, SpeakerLimits
from voices.sample_checks.voice_embedding import Embedding

logger = logging.getLogger(__name__)

STREAM_SECONDS: Final = 3.0
"""Sound of a stream after which it is judged."""


class WrongVoice(ProviderRefused):
    """The provider answered with another voice than the one that was asked for.

    It has not refused, so nothing is tried again: it would be paid for twice.
    """

    code = "wrong_voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerCheck:
    """Judges a provider's answers for one text. `voice` of None judges nothing."""

    voice_id: str
    provider: str
    limits: SpeakerLimits
    voice: Embedding | None = field(repr=False)

    def check_sound(self, sound: Sound) -> None:
        """Check that the voice speaks in this sound. Raises WrongVoice."""
        if self.voice is None:
            return

        band = answer_speaker.judge_speaker(sound, self.voice, self.limits)
        facts = {"voice": self.voice_id, "provider": self.provider}
        if band is SpeakerBand.DIFFERENT:
            logger.error("provider spoke with another voice", extra=facts)
            raise WrongVoice(
                "The provider answered with another voice than the one that was asked for. "
                "Nothing of it is delivered."
            )

        if band is SpeakerBand.DOUBT:
            logger.info("provider's voice is in doubt", extra=facts)


class StreamWatch:
    """Judges a stream once there are `STREAM_SECONDS` of its sound, or at its end before that."""

    def __init__(self, check: SpeakerCheck) -> None:
        self._check = check
        self._waiting: list[Sound] | None = []

    def take_piece(self, piece: AudioChunk | None) -> None:
        """Hear the next piece before anything is made of it, None at the end.

        Raises WrongVoice: this piece must not leave.
        """
        if self._waiting is None:
            return

        if piece is not None:
            self._waiting.append(piece.sound)
            if sum(sound.seconds for sound in self._waiting) < STREAM_SECONDS:
                return

        heard, self._waiting = self._waiting, None
        if heard:
            self._check.check_sound(_join_sounds(heard))


def load_speaker_check(voice: Voice, language: str) -> SpeakerCheck:
    """Return the check of a voice that is to speak `language`, before its provider is asked.

    The built-in engine speaks from the voice's own profile, and is not judged. Raises KeyDestroyed,
    DecoderUnavailable.
    """
    is_judged = voice.provider != providers.LOCAL
    return SpeakerCheck(
        voice_id=voice.id,
        provider=voice.provider,
        limits=speaker_limits.find_speaker_limits(voice, language)
        if is_judged
        else speaker_limits.OWN_LANGUAGE,
        voice=speaker_embeddings.load_embedding(voice) if is_judged else None,
    )


def _join_sounds(sounds: list[Sound]) -> Sound:
    return Sound(np.concatenate([sound.samples for sound in sounds]), sounds[0].rate)

"""The second row of the gateway bench: what remains without the marker and the checks of the sound
and of the text's language.

They are replaced by functions that return their input, in the process that calls this and nowhere
else. No setting does it (`tests/architecture/test_unmarked_bench.py`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

import watermark
from audio import encoding
from audio.encoding import Output
from audio.sound import Sound
from consent.policy.text_findings import TextFinding
from provenance.clips import verified_marking
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.verified_marking import Marked
from voices.providers import pcm_chunks, sound_plausibility
from voices.speech.speaker_check import SpeakerCheck
from voices.speech.streaming import marked_encoder, sent_sound
from voices.speech.streaming.marked_encoder import MarkedEncoder, Samples
from voices.synthesis_requests import SpeechRequest

PIECE_SECONDS: Final = 0.02
"""The first sound leaves as it comes: what is collected before is collected for the marker."""


def replace_marking() -> None:
    """Replace them for the rest of this process."""
    for owner, name, instead in list_replacements():
        # A name that has moved would leave the real one at work.
        assert hasattr(owner, name), name
        setattr(owner, name, instead)


def list_replacements() -> tuple[tuple[Any, str, Any], ...]:
    """Return what is replaced: its module or class, its name there, and what stands for it."""
    return (
        (verified_marking, "mark_sound", _encode_alone),
        (sound_plausibility, "check_provider_sound", _check_nothing),
        (SpeechRequest, "judge_language", _believe_language),
        (SpeakerCheck, "check_sound", _check_nothing),
        (pcm_chunks, "PIECE_SECONDS", PIECE_SECONDS),
        (marked_encoder, "FILE_SECONDS", 0.0),
        (watermark, "StreamEmbedder", Untouched),
        (MarkedEncoder, "_look", _look_nowhere),
        (MarkedEncoder, "prove", _prove_nothing),
    )


class Untouched:
    """In the place of the stream's marker."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def push(self, samples: Samples) -> Samples:
        """Return them as they are."""
        return samples

    def finish(self) -> Samples:
        """Return nothing: nothing was held back."""
        return np.zeros(0, dtype=np.float32)


def _encode_alone(sound: Sound, *, output: Output, **_: Any) -> Marked:
    wanted = encoding.check_output(output)
    host = sound.resample(wanted.sample_rate_hz or sound.rate)
    return Marked(
        data=encoding.encode_sound(host, wanted),
        sound=host,
        margin_milli_db=0,
        score_milli=0,
        checks=("delivered",),
        attempts=1,
        clear=True,
    )


def _check_nothing(*_: Any, **__: Any) -> None:
    pass


def _believe_language(_request: SpeechRequest) -> TextFinding:
    return TextFinding(fit="fits")


def _look_nowhere(_encoder: Any, **_: Any) -> None:
    pass


def _prove_nothing(encoder: Any, data: bytes, **_: Any) -> tuple[ClipDelivery, str]:
    sound = sent_sound.decode_sent(data, encoder._wanted)
    reading = watermark.DecodedToken(token=encoder._reservation.token, score=1.0)
    return encoder._describe(data, sound, reading, ""), ""

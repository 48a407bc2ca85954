"""The speaker of a provider's answer: whether it sounds like the voice that was asked for.

The result is a band and no verdict. Below its lower limit the answer is of someone else, as far as
an encoder can say. Between the limits it is in doubt. Good copies of a voice pass as the voice.

A few seconds are judged, evenly spread over the answer, so that a long one costs no more.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np

from audio.sound import Sound
from voices.sample_checks import recording_quality, speaker_encoder, voice_activity
from voices.sample_checks.speaker_similarity import Voiceprint
from voices.sample_checks.voice_embedding import Embedding

LEAST_SECONDS: Final = 1.6
"""Net speech below which nothing is said."""
SHORT_SECONDS: Final = 3.0
"""Net speech below which embeddings of one person are further apart."""
JUDGED_SECONDS: Final = 6.0
_STRETCHES: Final = 3


class SpeakerBand(enum.StrEnum):
    """Where an answer lies. `unjudged` has too little speech."""

    SAME = "same"
    DOUBT = "doubt"
    DIFFERENT = "different"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerLimits:
    """The cosines of a band. Below `different` it is someone else, from `same` on the voice.

    `short_discount` is taken off both for answers with less than `SHORT_SECONDS` of speech.
    """

    different: float
    same: float
    short_discount: float = 0.0


def judge_speaker(sound: Sound, voice: Embedding, limits: SpeakerLimits) -> SpeakerBand:
    """Return where the speech of `sound` lies beside the samples of a voice.

    Both are compared in their common band. It takes up to a tenth of a second: call it where a
    thread may be held.
    """
    speech = voice_activity.detect_speech(sound).speech
    if speech.seconds < LEAST_SECONDS:
        return SpeakerBand.UNJUDGED

    cosine = _measure_cosine(_pick_stretches(speech), voice)
    return find_band(cosine, seconds=speech.seconds, limits=limits)


def find_band(cosine: float, *, seconds: float, limits: SpeakerLimits) -> SpeakerBand:
    """Return where the cosine of so many seconds of net speech lies."""
    discount = limits.short_discount if seconds < SHORT_SECONDS else 0.0
    if cosine < limits.different - discount:
        return SpeakerBand.DIFFERENT

    return SpeakerBand.SAME if cosine >= limits.same - discount else SpeakerBand.DOUBT


def _measure_cosine(speech: Sound, voice: Embedding) -> float:
    """Return the likeness of net speech to a voice, by the encoder."""
    heard = Voiceprint(
        name="",
        speech=speech,
        snr_db=0.0,
        bandwidth_hz=recording_quality.measure_bandwidth(speech),
    )
    is_narrow = heard.telephone or voice.telephone
    windows = heard.narrow_windows if is_narrow else heard.windows
    direction = speaker_encoder.compute_mean_direction(windows)

    return float(direction @ (voice.narrow if is_narrow else voice.wide))


def _pick_stretches(speech: Sound) -> Sound:
    """Return `JUDGED_SECONDS` of the speech, in stretches that are evenly spread."""
    if speech.seconds <= JUDGED_SECONDS:
        return speech

    size = round(JUDGED_SECONDS * speech.rate / _STRETCHES)
    starts = np.linspace(0, len(speech.samples) - size, _STRETCHES).astype(int)
    picked = np.concatenate([speech.samples[start : start + size] for start in starts])
    return Sound(np.ascontiguousarray(picked), speech.rate)

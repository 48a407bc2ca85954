"""The likeness of a clone: how similar what it says is to the recordings that it was made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from voices.sample_checks import speaker_encoder, voice_activity
from voices.sample_checks.speaker_similarity import DIFFERENT, SAME, SimilarityVerdict

LEAST_SECONDS = 1.6
"""Net speech below which a likeness has no meaning."""


def measure_likeness(trial: Sound, voice: NDArray[np.float32]) -> int | None:
    """Return the cosine, in thousandths, between a clone's speech and its recordings' direction.

    None for a trial with too little speech.
    """
    speech = voice_activity.detect_speech(trial)
    if speech.seconds < LEAST_SECONDS:
        return None

    return round(1000 * float(speaker_encoder.compute_embedding(speech.speech) @ voice))


def judge_likeness(likeness_milli: int) -> SimilarityVerdict:
    """Return what the cosine would mean between two recordings."""
    if likeness_milli >= 1000 * SAME:
        return SimilarityVerdict.SAME

    is_near = likeness_milli >= 1000 * DIFFERENT
    return SimilarityVerdict.REVIEW if is_near else SimilarityVerdict.DIFFERENT

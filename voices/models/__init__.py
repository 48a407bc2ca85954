"""Rows of the voices room: voices with samples, their comparison, jobs with items, erasures with targets."""

from __future__ import annotations

from voices.models.comparison import ReviewOutcome, ReviewState, VoiceEmbedding, VoiceReview
from voices.models.erasure import Erasure, ErasureState, ErasureTarget, TargetState
from voices.models.job import SETTLED, Job, JobItem, JobKind, JobQuerySet, JobState
from voices.models.voice import ENDING, LIVE, MOVES, Sample, Voice, VoiceState

__all__ = [
    "ENDING",
    "LIVE",
    "MOVES",
    "SETTLED",
    "Erasure",
    "ErasureState",
    "ErasureTarget",
    "Job",
    "JobItem",
    "JobKind",
    "JobQuerySet",
    "JobState",
    "ReviewOutcome",
    "ReviewState",
    "Sample",
    "TargetState",
    "Voice",
    "VoiceEmbedding",
    "VoiceReview",
    "VoiceState",
]

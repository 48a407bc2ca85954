"""Tables of voices, samples, comparisons, jobs and their items."""

from __future__ import annotations

from voices.models.comparison import ReviewOutcome, ReviewState, VoiceEmbedding, VoiceReview
from voices.models.job import SETTLED, Job, JobItem, JobKind, JobQuerySet, JobState
from voices.models.moderation_endpoint import ModerationEndpoint
from voices.models.provider_account import AccountState, ProviderAccount
from voices.models.provider_canary import CanaryCause, CanaryState, ProviderCanary
from voices.models.provider_task import ProviderTask, TaskKind, TaskState
from voices.models.voice import (
    ENDING,
    LIVE,
    MOVES,
    DeletionProof,
    RecordingReview,
    Sample,
    Voice,
    VoiceState,
)

__all__ = [
    "ENDING",
    "LIVE",
    "MOVES",
    "SETTLED",
    "AccountState",
    "CanaryCause",
    "CanaryState",
    "DeletionProof",
    "Job",
    "JobItem",
    "JobKind",
    "JobQuerySet",
    "JobState",
    "ModerationEndpoint",
    "ProviderAccount",
    "ProviderCanary",
    "ProviderTask",
    "RecordingReview",
    "ReviewOutcome",
    "ReviewState",
    "Sample",
    "TaskKind",
    "TaskState",
    "Voice",
    "VoiceEmbedding",
    "VoiceReview",
    "VoiceState",
]

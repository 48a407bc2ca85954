"""A voice as TensorOne's programs see it: its state, how far its training is, its recordings."""

from __future__ import annotations

from typing import Any, Final

from core.clock import format_timestamp
from proxies.proxy_voices import LOCAL
from voices import recording_summary, voice_labels
from voices.models import Voice, VoiceState

_STATES: Final = {
    VoiceState.CHECKING: "processing",
    VoiceState.TRAINING: "processing",
    VoiceState.READY: "completed",
}
"""Ours as the provider's. Every other one is `failed`."""
_STEPS: Final = ("queued", "preprocessing", "training", "completed")
_REVIEW: Final = "review"
_PERCENT: Final = "training_percent"


def describe_state(voice: Voice) -> dict[str, Any]:
    """Return what is answered to a clone and to a question about its training."""
    status = _STATES.get(VoiceState(voice.state), "failed")
    error = {"error": _explain_failure(voice)} if status == "failed" else {}
    return {
        "voiceId": voice.id,
        "status": status,
        "voiceName": voice_labels.open_voice_label(voice).name or "",
        "trainingProgress": _describe_progress(voice, status),
        "audioAnalysis": describe_recordings(voice),
        "createdAt": format_timestamp(voice.created_at),
        "expiresAt": format_timestamp(voice.provider_expires_at),
        **error,
    }


def describe_recordings(voice: Voice) -> dict[str, Any]:
    """Return what is known of the recordings. Null is what is not known yet."""
    found = recording_summary.summarise_recordings(voice)
    return {
        "totalDuration": found.seconds,
        "audioQuality": found.quality,
        "speakerConsistency": found.consistency,
        "languageDetected": found.language,
    }


def describe_row(voice: Voice) -> dict[str, Any]:
    """Return the row of a list."""
    return {
        "voiceId": voice.id,
        "voiceName": voice_labels.open_voice_label(voice).name or "",
        "status": _STATES.get(VoiceState(voice.state), "failed"),
        "language": voice.language,
        "audioQuality": recording_summary.summarise_recordings(voice).quality,
        "createdAt": format_timestamp(voice.created_at),
        "expiresAt": format_timestamp(voice.provider_expires_at),
    }


def _describe_progress(voice: Voice, status: str) -> dict[str, Any]:
    """Return the step, and the share of steps that are done, or what the provider says."""
    step = _find_step(voice, status)
    share = _STEPS.index(step) if step in _STEPS else 1
    percent = 0.0 if status == "failed" else 100.0 * share / (len(_STEPS) - 1)
    told = voice.report.get(_PERCENT)
    if step == "training" and told is not None:
        percent = float(told)

    return {
        "currentStep": step,
        "percentComplete": round(percent, 1),
        "estimatedTimeRemaining": _estimate_rest(voice, step),
    }


def _find_step(voice: Voice, status: str) -> str:
    if status != "processing":
        return status
    if voice.state == VoiceState.CHECKING:
        return _REVIEW
    if voice.asked_at is not None:
        return "training"

    return "preprocessing" if voice.lease_until is not None else "queued"


def _estimate_rest(voice: Voice, step: str) -> str:
    """Return a rough time in words: the provider's own of its documents, or our engine's."""
    if step in {"completed", "failed"}:
        return "0 minutes"
    if step == _REVIEW:
        return "until a person has listened"

    return "less than a minute" if voice.provider == LOCAL else "5-30 minutes"


def _explain_failure(voice: Voice) -> str:
    details = [str(fault.get("detail") or "") for fault in voice.report.get("faults", ())]
    return " ".join((voice.code, *dict.fromkeys(filter(None, details)))).strip()

"""What the log commits to when a clip is issued; a receipt says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.canonical_json import Json
from core.clock import to_rfc3339
from provenance.models import Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTerms:
    """What was spoken and on which terms, for the log: codes alone, and of the script nothing but
    its keyed hash.
    """

    script: str = field(repr=False)
    grant: Mapping[str, Json]
    asked: Mapping[str, Json]


def build_issued_body(clip: Clip, said: LoggedTerms) -> dict[str, Json]:
    """Give the body of `clip.issued`, but for the script's hash, which wants the event's key."""
    return {
        "sha256": clip.sha256,
        "sha256_pcm": clip.sha256_pcm,
        "sha256_provider": clip.sha256_provider,
        "media_type": clip.media_type,
        "codec": clip.codec,
        "created_at": to_rfc3339(clip.created_at),
        "bytes": clip.size,
        "duration_ms": clip.duration_ms,
        "characters": clip.characters,
        "language": clip.language,
        "use_case": clip.use_case,
        "disclosure": clip.disclosure,
        "provider": clip.provider,
        "voice": clip.voice_id,
        "grant": clip.grant_id,
        "record_sha256": clip.record_sha256,
        "policy_version": clip.policy_version,
        "mark": _describe_mark(clip) if clip.scheme else None,
        "c2pa": _describe_manifest(clip) if clip.manifest_id else None,
        "terms": said.grant,
        "asked": said.asked,
    }


def _describe_mark(clip: Clip) -> dict[str, Json]:
    mark: dict[str, Json] = {
        "scheme": clip.scheme,
        "epoch": clip.epoch,
        "token": f"{clip.token:08x}",
        "score_milli": clip.score_milli,
        "margin_milli_db": clip.margin_milli_db,
        "checks": list(clip.self_checks),
    }
    if clip.token_shared:
        mark["token_shared"] = True  # with earlier clips of the same sound
    return {**mark, "second_marks": clip.second_marks} if clip.second_marks else mark


def _describe_manifest(clip: Clip) -> dict[str, Json]:
    return {
        "manifest": clip.manifest_id,
        "mode": clip.manifest_mode,
        "sha256": clip.manifest_sha256,
        "credential": clip.credential,
    }

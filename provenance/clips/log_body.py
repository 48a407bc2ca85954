"""What the log commits to when a clip is issued. A receipt says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.canonical_json import Json
from provenance.clips.clip_fields import ClipDelivery, write_log_fields
from provenance.models import Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTerms:
    """What was spoken and on which terms, in codes. Of the script the log keeps a keyed hash."""

    script: str = field(repr=False)
    grant: Mapping[str, Json]
    asked: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDelivery:
    """What had left of a stream that broke off, and how many characters of its text that is."""

    sent: ClipDelivery
    characters: int
    said: LoggedTerms


def build_issued_body(clip: Clip, terms: LoggedTerms) -> dict[str, Json]:
    """Return the body of `clip.issued`, without the script's hash, which needs the event's key."""
    return {**write_log_fields(clip), "terms": terms.grant, "asked": terms.asked}

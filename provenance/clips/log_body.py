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
    """What had left of a stream that broke off, and how many characters of its text that is.

    With a `hashed_size` the process died: this is the most that can have left, and the hash is that
    of so many bytes of it.
    """

    sent: ClipDelivery
    characters: int
    said: LoggedTerms
    hashed_size: int | None = None


def build_partial_body(clip: Clip, part: PartialDelivery) -> dict[str, Json]:
    """Return the body of `clip.aborted` for a stream of which a part has left."""
    body: dict[str, Json] = {**build_issued_body(clip, part.said), "complete": False}
    if part.hashed_size is None:
        return body
    return {**body, "at_most": True, "hashed_bytes": part.hashed_size}


def build_issued_body(clip: Clip, terms: LoggedTerms) -> dict[str, Json]:
    """Return the body of `clip.issued`, without the script's hash, which needs the event's key."""
    return {**write_log_fields(clip), "terms": terms.grant, "asked": terms.asked}

"""The shape of an answer: verdict, evidence of each layer, the clip, and where its mark is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """The verdicts of the API."""

    ISSUED = "issued"
    ALTERED = "issued_altered"
    WITHDRAWN = "issued_withdrawn"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEvidence:
    """The result of one layer: `match`, `mismatch`, `absent`, `candidate`, `not_looked` of a layer
    that was left out, or `too_short` of a clip without a mark because it cannot carry one.

    `why` distinguishes cases of one result. Every `key` has its sentence in
    `provenance.verdict_text`.
    """

    layer: str
    result: str
    why: str = ""

    @property
    def key(self) -> str:
        """Return the sentence's key: `sha256.match`, or `sha256.match.samples` with a `why`."""
        return ".".join(part for part in (self.layer, self.result, self.why) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSummary:
    """What may be published of a clip.

    A clip that is not `livemode` is of no real person.
    """

    id: str
    issued_at: datetime
    organisation: str
    consent_state: str
    livemode: bool
    consent_assurance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSegment:
    """A stretch of the file in which a mark was read or a line was known: from, to in seconds.

    `clip_id` is the clip's id where it may be published.
    """

    start_s: float
    end_s: float
    clip_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationResult:
    """The answer.

    `clip` is None when there is none, and when no more may be published than that it was issued
    here. `others` are the further clips in a file of several, as far as they may be named.
    `seconds` is the length of the sound that was read. `why` is the reason
    (`audio.containers.REASONS`) why nothing was read, or only the beginning (`truncated`).
    """

    outcome: Outcome
    clip: ClipSummary | None
    evidence: tuple[LayerEvidence, ...]
    stretches: tuple[MarkSegment, ...] = ()
    seconds: float = 0.0
    why: str = ""
    others: tuple[ClipSummary, ...] = ()

    @property
    def is_erased(self) -> bool:
        """Check whether only the fact may be published that this service made it."""
        return self.clip is None and self.outcome is Outcome.WITHDRAWN

"""Asks and facts: what a caller wants, what a decision rests on, and what it can come to. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent.rules.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a caller wants to do. `characters` is the length of the text; the three tuples are codes and hex hashes.

    Raises ValueError for a negative amount: it would pay quota back.
    """

    organisation_id: str
    livemode: bool
    action: str
    consent_id: str | None
    language: str | None
    use_case: str | None
    voice_id: str | None = None
    voice_ready: bool = True
    channel: str | None = None
    territory: str | None = None
    characters: int = 0
    labels: tuple[str, ...] = ()
    sample_sha256s: tuple[str, ...] = ()
    assurance_floor: int = 0

    def __post_init__(self) -> None:
        if self.characters < 0:
            raise ValueError("an ask cannot be for less than nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """What one grant allows now, all codes canonical (`spelt`: the languages as signed). No quota: None is left."""

    grant_id: str
    use_case: str
    actions: frozenset[str]
    languages: tuple[str, ...]
    spelt: tuple[str, ...]
    channels: frozenset[str]
    territories: frozenset[str]
    exclusions: frozenset[str] = frozenset()
    sensitive_content: frozenset[str] = frozenset()
    characters_left: int | None = None
    milliseconds_left: int | None = None
    clips_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFacts:
    """One consent with its grants, as far as the policy looks at it."""

    consent_id: str
    state: State
    assurance: int
    valid_from: datetime | None
    valid_until: datetime | None
    grants: tuple[GrantFacts, ...]
    samples: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a decision rests on. `forbidden` is what the person excluded in any standing consent to them.

    `foreign_samples` are recordings of the ask that are bound to other people.
    """

    at: datetime
    consent: ConsentFacts | None
    forbidden: frozenset[str] = frozenset()
    foreign_samples: frozenset[str] = frozenset()
    held: bool = False
    representative_missing: bool = False
    raised: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks against. `code` is public API; `detail` is a sentence for a person."""

    code: str
    detail: str
    consent: str | None = None
    required: str | int | None = None
    granted: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Allowed by one grant, or refused for reasons; never both, never neither."""

    reasons: tuple[Reason, ...]
    grant: GrantFacts | None

    @property
    def allowed(self) -> bool:
        """Whether a grant was found."""
        return self.grant is not None

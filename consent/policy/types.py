"""Values of a decision: the access request, the context, and the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from consent.policy import channels, languages, providers, territories, use_cases
from consent.policy.reasons import GATE_REASONS
from consent.policy.state_machine import ConsentState
from consent.policy.text_findings import TextFinding
from core.errors import Fault, Invalid

Place = Literal["channel", "territory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """What a call wants, in canonical words. Every spelling of the same request is equal.

    `characters` is the length of the text. The tuples are codes and hex hashes. An unknown language
    or use case is None. `given` has the caller's own word wherever it differs. An unknown label is
    `unsure`. A `provider` of None is not judged: `gate.check` takes none without. `text` is what
    was found in the text of a call that speaks, and never the text. `voice_expired`: the provider's
    own time for the voice is over.

    Raises Invalid for an unknown channel, territory or provider, and ValueError for a negative
    amount, which would pay quota back.
    """

    organisation_id: str
    livemode: bool
    action: str
    consent_id: str | None
    language: str | None
    use_case: str | None
    voice_id: str | None = None
    voice_ready: bool = True
    voice_expired: bool = False
    channel: str | None = None
    territory: str | None = None
    provider: str | None = None
    characters: int = 0
    labels: tuple[str, ...] = ()
    sample_sha256s: tuple[str, ...] = ()
    assurance_floor: int = 0
    text: TextFinding | None = None
    content_unjudged: bool = False
    given: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.characters < 0:
            raise ValueError("a request cannot be for less than nothing")

        words = _parse_request_words(
            self.language,
            self.use_case,
            self.channel,
            self.territory,
            self.provider,
            tuple(self.labels),
        )
        if words.faults:
            raise Invalid(words.faults[0].detail, code=words.faults[0].code, faults=words.faults)

        known = {name: word for name, word in self.given.items() if name not in words.given}
        for name, word in (*words.found, ("given", {**known, **words.given})):
            object.__setattr__(self, name, word)


class _Words(NamedTuple):
    """The words of a request in canonical spelling, the caller's own where they differ, and faults.

    `found` and `given` are by name.
    """

    found: tuple[tuple[str, str | tuple[str, ...] | None], ...]
    given: Mapping[str, str | tuple[str, ...]]
    faults: tuple[Fault, ...]


@lru_cache(maxsize=16384)
def _parse_request_words(
    language: str | None,
    use_case: str | None,
    channel: str | None,
    territory: str | None,
    provider: str | None,
    labels: tuple[str, ...],
) -> _Words:
    faults: list[Fault] = []
    spelt = tuple(dict.fromkeys(use_cases.parse_label(one) for one in labels))
    found: dict[str, str | tuple[str, ...] | None] = {
        "language": _parse_known(languages.parse_language, language),
        "use_case": _parse_known(use_cases.parse_use_case, use_case),
        "channel": _parse_closed(channels.parse_channel, channel, "channel", faults),
        "territory": _parse_closed(territories.parse_territory, territory, "territory", faults),
        "provider": _parse_closed(providers.parse_provider, provider, "provider", faults),
        "labels": spelt,
    }

    asked = {
        "language": language,
        "use_case": use_case,
        "channel": channel,
        "territory": territory,
        "provider": provider,
        "labels": labels,
    }

    given = {name: word for name, word in asked.items() if word and word != found[name]}

    return _Words(found=tuple(found.items()), given=MappingProxyType(given), faults=tuple(faults))


def _parse_known(spell: Callable[[str], str], word: str | None) -> str | None:
    """Return the canonical word, or None for an unknown one.

    The policy refuses None with a reason of its own.
    """
    try:
        return spell(word) if word else None
    except ValueError:
        return None


def _parse_closed(
    spell: Callable[[str], str],
    word: str | None,
    name: Place | Literal["provider"],
    faults: list[Fault],
) -> str | None:
    """Return the canonical word. Add a fault for an unknown one."""
    try:
        return spell(word) if word else None
    except ValueError:
        faults.append(
            unknown_provider(word or "", attr=name)
            if name == "provider"
            else unknown_place(name, attr=name)
        )
        return None


def unknown_provider(text: str, *, attr: str) -> Fault:
    """Return the fault of an unknown provider, with the nearest ones, or all."""
    meant = ", ".join(providers.find_nearest_providers(text)) or providers.LISTED
    detail = (
        "This provider is not known. `GET /v1/providers` lists all with what each keeps. Name one "
        f"of: {meant}."
    )

    return Fault(code="provider_unknown", detail=detail, attr=attr)


def unknown_place(name: Place, *, attr: str) -> Fault:
    """Return the fault of an unknown channel or territory, with all known ones.

    Subdivisions of countries are too many for a sentence.
    """
    detail = (
        f"This channel is not known. Name one of: {channels.LISTED}."
        if name == "channel"
        else "This territory is not known. `GET /v1/territories` lists all with their parts. Name "
        f"one of: {territories.LISTED}."
    )

    return Fault(code=f"{name}_unknown", detail=detail, attr=attr)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    """What one grant allows now, in canonical codes.

    `spelt` are the languages as signed. Without a quota the amounts left are None.
    """

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
class ConsentView:
    """One consent with its grants.

    `providers` are the codes of those that the person agreed to, as far as narrowing left them.
    `import_approved`: it was given elsewhere, and a second person approved its import.
    """

    consent_id: str
    state: ConsentState
    assurance: int
    valid_from: datetime | None
    valid_until: datetime | None
    grants: tuple[GrantView, ...]
    providers: frozenset[str] = frozenset()
    samples: frozenset[str] = frozenset()
    import_approved: bool = False


UnjudgedContent = Literal["refuse", "refuse_exclusions", "deliver"]
"""Refused, refused where the person excluded something, or delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyContext:
    """All facts that a decision rests on.

    `forbidden` is what the person excluded in any consent in force. `foreign_samples` are
    recordings of the request that are bound to other people. `imports_trusted_for` are the use
    cases for which the organisation's policy accepts an approved import as L1.
    `refuses_doubtful_text`: its policy refuses a text whose language is a doubt.
    `unjudged_content`: what its policy does with a text whose content could not be judged.
    """

    at: datetime
    consent: ConsentView | None
    forbidden: frozenset[str] = frozenset()
    foreign_samples: frozenset[str] = frozenset()
    held: bool = False
    representative_missing: bool = False
    raised: Mapping[str, int] = field(default_factory=dict)
    imports_trusted_for: frozenset[str] = frozenset()
    refuses_doubtful_text: bool = False
    unjudged_content: UnjudgedContent = "refuse_exclusions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason against: a code of the table, and a sentence for a person.

    `grant` is the grant that it speaks against, None if it speaks against the whole consent or the
    request.
    """

    code: str
    detail: str
    consent: str | None = None
    grant: str | None = None
    required: str | int | None = None
    granted: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a code that is not in the table."""
        if self.code not in GATE_REASONS:
            raise ValueError(f"{self.code} has no row in consent/policy/reasons.py")


def make_reason(
    code: str,
    detail: str,
    consent: ConsentView,
    grant: GrantView | None = None,
    required: str | int | None = None,
    granted: tuple[str, ...] | list[str] | list[int] = (),
) -> Reason:
    """Make a reason that speaks against a consent, or against one `grant` of it."""
    return Reason(
        code=code,
        detail=detail,
        consent=consent.consent_id,
        grant=grant.grant_id if grant else None,
        required=required,
        granted=tuple(granted),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """Allowed by one grant, or refused for reasons. It is never both and never neither."""

    reasons: tuple[Reason, ...]
    grant: GrantView | None

    @property
    def is_allowed(self) -> bool:
        """Return True if a grant was found."""
        return self.grant is not None

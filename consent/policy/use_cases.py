"""Use cases: what a voice may be used for, in two levels. A parent covers most of its children."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from consent.policy.code_spelling import normalise_code

TREE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "advertising": ("commercial", "promo", "endorsement"),
        "political": ("campaign", "issue"),
        "entertainment": (
            "audiobook",
            "podcast",
            "film_tv",
            "game_scripted",
            "game_realtime",
            "music",
        ),
        "dubbing": (),
        "news_editorial": (),
        "education": ("course", "museum"),
        "agent": ("ivr", "assistant_realtime", "companion"),
        "telephony": ("outbound",),
        "accessibility": ("own_voice", "screen_reader"),
        "internal": ("training", "prototype"),
        "research": (),
        "model": ("train", "benchmark"),
        "sublicense": (),
    }
)
CODES: Final = frozenset(TREE) | {
    f"{parent}.{child}" for parent, children in TREE.items() for child in children
}
LISTED: Final = ", ".join(sorted(CODES))
PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {code: code.partition(".")[0] for code in CODES}
)

ASKED_APART: Final = frozenset({"advertising.endorsement", "model.train"})
"""Children that no parent covers: a person must have ticked them by name.

`political` and `sublicense` are parents. Only their own name covers them.
"""

SENSITIVE_LABELS: Final = frozenset(
    {
        "adult",
        "financial_advice",
        "impersonation",
        "medical_advice",
        "political",
        "religious",
        "endorsement",
    }
)
"""Kinds of content that no grant covers unless it lists them in `sensitive_content`."""

UNSURE: Final = "unsure"
"""The label of a content classifier that could not decide. It is refused."""

UNREADABLE: Final = "?"
"""Stands for an exclusion in unknown words.

Its meaning cannot be known, so it excludes everything.
"""

EXCLUDABLE: Final = CODES | SENSITIVE_LABELS
"""What a person can exclude, and what a label can say: use cases and kinds of content."""

_AS_USE_CASE: Final[Mapping[str, str]] = MappingProxyType(
    {"endorsement": "advertising.endorsement"}
)
"""Kinds of content that are a use case under another name. `political` has the same name."""

_CHILDREN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {parent: tuple(f"{parent}.{child}" for child in children) for parent, children in TREE.items()}
)
_TOO_WIDE: Final = frozenset(PARENTS[code] for code in ASKED_APART)
"""Parents that no grant covers when a call asks for them as such."""


def _related_codes(code: str) -> frozenset[str]:
    """Return the code, everything that it may stand for, and its parent."""
    own = _AS_USE_CASE.get(code, code)
    means = {own, *_CHILDREN.get(own, ())}
    kinds = {kind for kind, use_case in _AS_USE_CASE.items() if use_case in means}

    return frozenset({code, PARENTS.get(own, own), *means, *kinds})


_NAMES: Final = {code: _related_codes(code) for code in EXCLUDABLE}
_KINDS: Final = {code: family & SENSITIVE_LABELS for code, family in _NAMES.items()}

_NO_KINDS: Final[frozenset[str]] = frozenset()

_LEVEL_2: Final = frozenset({"advertising", "political", "model", "sublicense"})
_LEAST: Final = {code: 2 if parent in _LEVEL_2 else 1 for code, parent in PARENTS.items()}
"""The level that each use case needs where no organisation raised it."""


def _covering_grants(code: str) -> frozenset[str]:
    """Return the grants that cover a call for this use case.

    There are none if the call has to name a child.
    """
    own = frozenset({code})
    if code in _TOO_WIDE:
        return frozenset()

    return own if code in ASKED_APART else own | {PARENTS[code]}


_COVERED_BY: Final = {code: _covering_grants(code) for code in CODES}
"""The grants that cover each use case. Every decision needs it, so it is computed once."""

# Purposes of the Data Privacy Vocabulary (w3id.org/dpv), for the exported record.
_DPV: Final[Mapping[str, str]] = MappingProxyType(
    {
        "advertising": "Advertising",
        "political": "PublicBenefit",
        "entertainment": "ServiceProvision",
        "dubbing": "ServiceProvision",
        "news_editorial": "ServiceProvision",
        "education": "ServiceProvision",
        "agent": "CommunicationManagement",
        "telephony": "CommunicationManagement",
        "accessibility": "ServicePersonalisation",
        "internal": "OrganisationGovernance",
        "research": "ResearchAndDevelopment",
        "model": "ResearchAndDevelopment",
        "sublicense": "SellDataToThirdParties",
    }
)


class UnknownUseCase(ValueError):
    """A text that names no known use case."""


class UnknownExclusion(ValueError):
    """A text that names nothing that a person can exclude."""


@lru_cache(maxsize=1024)
def parse_use_case(text: str) -> str:
    """Return the one spelling of a use case: `Agent.IVR` -> `agent.ivr`.

    Raises UnknownUseCase.
    """
    code = normalise_code(text)
    if code not in CODES:
        raise UnknownUseCase(text[:64])

    return code


@lru_cache(maxsize=1024)
def parse_label(text: str) -> str:
    """Return the one spelling of a label.

    An unknown label is `unsure`: nothing can be judged by it.
    """
    code = normalise_code(text)
    return code if code in EXCLUDABLE else UNSURE


@lru_cache(maxsize=1024)
def parse_exclusion(text: str) -> str:
    """Return the one spelling of an exclusion: a use case or a kind of content.

    Raises UnknownExclusion.
    """
    code = normalise_code(text)
    if code not in EXCLUDABLE:
        raise UnknownExclusion(text[:64])

    return code


def find_nearest_exclusions(text: str) -> tuple[str, ...]:
    """Return the exclusions that are spelt most like this text, the nearest first."""
    code = normalise_code(text)
    if not code:
        return ()

    return tuple(difflib.get_close_matches(code, sorted(EXCLUDABLE), n=3, cutoff=0.5))


def list_covered_children(code: str) -> tuple[str, ...]:
    """Return the children of a use case that its parent's grant covers, in the order of `TREE`."""
    return tuple(child for child in _CHILDREN.get(code, ()) if child not in ASKED_APART)


def list_covered_use_cases(granted: str) -> tuple[str, ...]:
    """Return the use cases of calls that a grant for this use case covers."""
    return tuple(code for code in sorted(CODES) if covers_use_case(granted, code))


def list_excluded_codes(excluded: str) -> tuple[str, ...]:
    """Return the use cases and labels that a person who excludes `excluded` excludes with it."""
    return tuple(code for code in sorted(EXCLUDABLE) if excluded in list_excluding_codes(code))


def covers_use_case(granted: str, asked: str) -> bool:
    """Return True if a grant for one known use case covers a call for another.

    A grant covers its own use case, and each child that needs no tick of its own. A call for a
    parent means any of its children. So a parent with a child that needs its own tick is never
    covered: the call has to name the child.
    """
    return granted in _COVERED_BY.get(asked, ())


def is_use_case_within(narrower: str, wider: str) -> bool:
    """Return True if a grant for one known use case allows no more than a grant for another."""
    return narrower == wider or (wider == PARENTS.get(narrower) and narrower not in ASKED_APART)


def list_excluding_codes(code: str) -> frozenset[str]:
    """Return the codes that exclude a use case or a label: its own, and those of its relatives.

    They are its parent, its children and its kind. A call for a parent means any of its children,
    so what excludes one child excludes the parent.
    """
    return _NAMES.get(code) or frozenset({code})


def list_sensitive_kinds(code: str) -> frozenset[str]:
    """Return the kinds of sensitive content that a label may stand for.

    `political.campaign` is `political`.
    """
    return _KINDS.get(code, _NO_KINDS)


def get_minimum_level(use_case: str, raised: Mapping[str, int]) -> int:
    """Return the assurance level that a use case needs, 1 or 2, or more if `raised`.

    A parent needs the highest level among its children, because it means any of them.
    """
    least = _LEAST.get(use_case)
    if least is not None and not raised:
        return least

    parent = use_case.partition(".")[0]
    least = 2 if parent in _LEVEL_2 else 1

    return max(
        least,
        *(raised.get(code, 0) for code in (use_case, parent, "*", *_CHILDREN.get(use_case, ()))),
    )


def use_case_to_dpv(use_case: str) -> str:
    """Return the purpose of the Data Privacy Vocabulary that stands for a use case."""
    return f"https://w3id.org/dpv#{_DPV[use_case.partition('.')[0]]}"

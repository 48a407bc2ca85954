"""Use cases: what a voice may be used for, in two levels. A parent covers its children, with exceptions. Pure.

Codes in `ASKED_APART` are never covered by their parent: a person must have ticked them by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

TREE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "advertising": ("commercial", "promo", "endorsement"),
        "political": ("campaign", "issue"),
        "entertainment": ("audiobook", "podcast", "film_tv", "game_scripted", "game_realtime", "music"),
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
CODES: Final = frozenset(TREE) | {f"{parent}.{child}" for parent, children in TREE.items() for child in children}
PARENTS: Final[Mapping[str, str]] = MappingProxyType({code: code.partition(".")[0] for code in CODES})

ASKED_APART: Final = frozenset({"advertising.endorsement", "model.train"})
"""Children that no parent covers. `political` and `sublicense` are parents: only their own name covers them."""

SENSITIVE_LABELS: Final = frozenset(
    {"adult", "financial_advice", "impersonation", "medical_advice", "political", "religious", "endorsement"}
)
"""Kinds of content that no grant covers unless it lists them in `sensitive_content`."""

UNSURE: Final = "unsure"
"""What a content classifier says that could not decide. Doubt refuses."""

_LEVEL_2: Final = frozenset({"advertising", "political", "model", "sublicense"})

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


def covers(granted: str, asked: str) -> bool:
    """Say whether a grant for one known use case covers another: itself, or a child that needs no tick of its own."""
    return granted == asked or (granted == PARENTS.get(asked) and asked not in ASKED_APART)


def names(code: str) -> tuple[str, ...]:
    """Give the codes by which a use case can be excluded: its own and its parent's."""
    parent = PARENTS.get(code, code)
    return (code,) if parent == code else (code, parent)


def minimum_level(use_case: str, raised: Mapping[str, int]) -> int:
    """Give the assurance level that a use case needs: 1, for the grave ones 2, more where an organisation raised it."""
    parent = PARENTS.get(use_case) or use_case.partition(".")[0]
    least = 2 if parent in _LEVEL_2 else 1
    if not raised:
        return least
    return max(least, raised.get(use_case, 0), raised.get(parent, 0), raised.get("*", 0))


def dpv_purpose(use_case: str) -> str:
    """Give the purpose of the Data Privacy Vocabulary that stands for a use case."""
    return f"https://w3id.org/dpv#{_DPV[use_case.partition('.')[0]]}"


def unknown(codes: Iterable[str]) -> tuple[str, ...]:
    """Give those of the codes that are neither use cases nor kinds of sensitive content."""
    return tuple(code for code in codes if code not in CODES and code not in SENSITIVE_LABELS)

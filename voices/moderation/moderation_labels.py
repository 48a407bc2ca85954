"""From an endpoint's categories to content labels.

A person can exclude what `GET /v1/labels` lists, and nothing else. So of OpenAI's categories only
those count that such a label stands for. A category without a description is `unsure`, which is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from consent.policy import use_cases

NONE: Final = ""
"""Stands for a category that no one can exclude."""
OPENAI: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sexual": "adult",
        "sexual/minors": use_cases.UNSURE,
        "harassment": NONE,
        "harassment/threatening": NONE,
        "hate": NONE,
        "hate/threatening": NONE,
        "illicit": NONE,
        "illicit/violent": NONE,
        "self-harm": NONE,
        "self-harm/intent": NONE,
        "self-harm/instructions": NONE,
        "violence": NONE,
        "violence/graphic": NONE,
    }
)
"""OpenAI's documented categories. Sexual content about minors is refused whatever was agreed to."""


def choose_labels(categories: Iterable[str], own: Mapping[str, str]) -> tuple[str, ...]:
    """Return the content labels of the categories that an endpoint has flagged, sorted.

    `own` is what the organisation says of its endpoint, and counts before OpenAI's.
    """
    found = {_choose_label(category, own) for category in categories}
    return tuple(sorted(found - {NONE}))


def _choose_label(category: str, own: Mapping[str, str]) -> str:
    if category in own:
        return own[category]
    if category in OPENAI:
        return OPENAI[category]

    # An endpoint of the organisation's own may use our labels.
    return use_cases.parse_label(category)

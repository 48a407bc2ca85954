"""Channels: the ways in which audio reaches people. A closed list: who signs must know each word. Pure."""

from __future__ import annotations

from typing import Final

ANY: Final = "*"

CHANNELS: Final = frozenset(
    {
        "app", "broadcast", "cinema", "device", "event", "game_runtime", "in_store", "internal", "podcast", "social",
        "streaming", "telephone", "web",
    }
)  # fmt: skip
_OTHER_SPELLINGS: Final = {"phone": "telephone", "game": "game_runtime", "tv": "broadcast", "radio": "broadcast"}


class UnknownChannel(ValueError):
    """A text that names no channel that we know."""


def canonical(text: str) -> str:
    """Give the one spelling of a channel: `in-store` -> `in_store`, `phone` -> `telephone`. Raises UnknownChannel."""
    if text == ANY:
        return ANY
    code = text.lower().replace("-", "_").replace(" ", "_")
    code = _OTHER_SPELLINGS.get(code, code)
    if code not in CHANNELS:
        raise UnknownChannel(text[:32])
    return code

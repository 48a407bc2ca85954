"""Channels: the ways in which audio reaches people.

The list is closed, because a person who signs must know each word.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from consent.policy.code_spelling import normalise_code

ANY: Final = "*"

CHANNELS: Final = frozenset(
    {
        "app",
        "broadcast",
        "cinema",
        "device",
        "event",
        "game_runtime",
        "in_store",
        "internal",
        "podcast",
        "social",
        "streaming",
        "telephone",
        "web",
    }
)
LISTED: Final = ", ".join([ANY, *sorted(CHANNELS)])
_OTHER_SPELLINGS: Final = {
    "game": "game_runtime",
    "phone": "telephone",
    "radio": "broadcast",
    "telephony": "telephone",
    "television": "broadcast",
    "tv": "broadcast",
}


class UnknownChannel(ValueError):
    """A text that names no known channel."""


@lru_cache(maxsize=1024)
def parse_channel(text: str) -> str:
    """Return the one spelling of a channel: `in-store` -> `in_store`, `phone` -> `telephone`.

    Raises UnknownChannel.
    """
    code = normalise_code(text)
    code = _OTHER_SPELLINGS.get(code, code)
    if code != ANY and code not in CHANNELS:
        raise UnknownChannel(text[:32])

    return code

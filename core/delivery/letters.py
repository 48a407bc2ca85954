"""Letters and their outcome: plain values, the same for every channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import Refused, Unavailable

LONGEST_ANSWER: Final = 1000
"""How much of a server's own words is kept as proof."""
_JOINERS: Final = frozenset("\u200c\u200d")


class ChannelUnavailable(Unavailable):
    """The server for our letters cannot be reached, breaks off, or asks to be called later."""

    code = "channel_away"


class LetterRefused(Refused):
    """The server for our letters refuses this one for good, as for an unknown address."""

    code = "letter_refused"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Letter:
    """A letter to one address.

    `reference` names it to the server, so that a second try is recognised.
    """

    to: str
    subject: str
    text: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Accepted:
    """The server's answer when it took the letter: its status, its words, and its name."""

    status: int
    answer: str
    server: str


def to_one_line(text: str) -> str:
    """Return a text that can stand in a header: one line, without control characters.

    The joiners stay, because a Persian name is spelt with them.
    """
    shown = (char if char.isprintable() or char in _JOINERS else " " for char in text)
    return " ".join("".join(shown).split())

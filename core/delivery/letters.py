"""What is sent, what came back, and what can go wrong. Plain values, the same for every channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import Refused, Unavailable

LONGEST_ANSWER: Final = 1000
"""So much of a server's own words is kept as proof; more says nothing more."""


class ChannelAway(Unavailable):
    """The server that takes our letters cannot be reached, breaks off, or asks us to come again
    later.
    """

    code = "channel_away"


class LetterRefused(Refused):
    """The server that takes our letters refuses this one for good, such as an address that does not
    exist.
    """

    code = "letter_refused"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Letter:
    """A letter to one address.

    `reference` names it to the server, so that a second try is known as the same.
    """

    to: str
    subject: str
    text: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Accepted:
    """What the server said when it took the letter: its status, its words, and who it is."""

    status: int
    answer: str
    server: str


def to_one_line(text: str) -> str:
    """Make a text that can stand in a header: one line, without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())

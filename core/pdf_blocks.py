"""The parts of papers for people: titles, lines, passages, tables and codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The subject of a paper: its title, language, time, and the banner of every page."""

    title: str
    lang: str
    made_at: datetime
    banner: str = ""
    page_word: str = "Page"
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of the paper (level 1), of a part (2) or of an entry (3)."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label and its value. The value keeps its own direction."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph, in its own direction. `point` draws a dot before it."""

    text: str
    point: bool = False
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of short texts below a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A part about an address: a title, a hint, the address, and its QR code."""

    title: str
    hint: str
    address: str


Block = Heading | Line | Passage | Table | CodeBlock


def list_texts(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield every text that is drawn in letters."""
    for block in blocks:
        match block:
            case Heading() | Passage():
                yield block.text
            case Line():
                yield from (block.label, block.value)
            case CodeBlock():
                yield from (block.title, block.hint, block.address)
            case Table():
                yield from block.head
                for row in block.rows:
                    yield from row

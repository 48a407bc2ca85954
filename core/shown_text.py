"""Words of others that people are shown.

Nothing in them may change the direction of the line, hide, or draw nothing at all.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from core.errors import Fault, Invalid

INVISIBLE: Final = "invisible_characters"
# They change the direction of what follows, also behind the end of the words (UAX 9, sections 2.1
# to 2.4), or mark notes that are not drawn in the line.
_REFUSED: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufff9\ufffa\ufffb"
)
# What scripts need: joiners in Persian and Indic words, and marks of direction between words.
_NEEDED: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
# They draw nothing, in ranges of Unicode's Default_Ignorable_Code_Point. Variation selectors stay,
# because they choose a glyph.
_DRAWN_AS_NOTHING: Final = (
    (0x00AD, 0x00AD), (0x115F, 0x1160), (0x180E, 0x180E), (0x200B, 0x200B), (0x2060, 0x2065),
    (0x206A, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE00FF), (0xE01F0, 0xE0FFF),
)  # fmt: skip


def clean_text(text: str, *, one_line: bool) -> str:
    """Return the words in NFC, without letters that draw nothing.

    Raises ValueError for words that hold a refused character.
    """
    kept = "".join(char for char in unicodedata.normalize("NFC", text) if not _draws_nothing(char))

    for char in kept:
        if char in _REFUSED:
            raise ValueError("The text holds characters that turn the direction of writing.")
        if one_line and (char in "\n\t" or unicodedata.category(char) in {"Cc", "Zl", "Zp"}):
            raise ValueError("The text holds a line break or a tab.")

    return unicodedata.normalize("NFC", kept).strip()


def count_drawn(text: str) -> int:
    """Return the number of letters and digits that draw ink."""
    return sum(char.isalnum() and not _draws_nothing(char) for char in text)


def strip_undrawn(text: str) -> str:
    """Return the words without anything that draws nothing, for comparing.

    What scripts need is left out, too.
    """
    return "".join(
        char
        for char in text
        if char not in _NEEDED and char not in _REFUSED and not _draws_nothing(char)
    )


def clean_name(text: str, *, attr: str) -> str:
    """Return a name as it is shown.

    Raises Invalid where it misleads, or shows no letter and no digit.
    """
    try:
        name = clean_text(text, one_line=True)
    except ValueError as error:
        raise _make_invalid(INVISIBLE, str(error), attr) from error

    if not count_drawn(name):
        raise _make_invalid("blank", "A name has at least one letter or digit.", attr)

    return name


def _make_invalid(code: str, detail: str, attr: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=attr),))


def _draws_nothing(char: str) -> bool:
    number = ord(char)
    return any(first <= number <= last for first, last in _DRAWN_AS_NOTHING)

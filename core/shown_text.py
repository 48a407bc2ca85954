"""Words of others that people are shown.

Nothing in them may change the direction of the line, hide, or draw nothing at all.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from core import unicode_ranges
from core.errors import Fault, Invalid

INVISIBLE: Final = "invisible_characters"
# They change the direction of what follows, also behind the end of the words (UAX 9, sections 2.1
# and 2.2), or mark notes that are not drawn in the line.
_REFUSED: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\ufff9\ufffa\ufffb")
# Isolates end where they are closed, or with their paragraph (UAX 9, sections 2.3 and 2.4).
_OPENING: Final = frozenset("\u2066\u2067\u2068")
_CLOSING: Final = "\u2069"
_PARAGRAPH_END: Final = re.compile("[\n\u2029]")
# What scripts need: joiners in Persian and Indic words, and marks of direction between words.
_NEEDED: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
# They choose a glyph, or where the marks of a letter stand.
_CHOOSING: Final = frozenset(
    {0x034F, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, *range(0xFE00, 0xFE10)}
    | set(range(0xE0100, 0xE01F0))
)
_LAYOUT: Final = frozenset("\n\t")


def clean_text(text: str, *, one_line: bool) -> str:
    """Return the words in NFC, without letters that draw nothing.

    Raises ValueError for words that hold a refused character.
    """
    kept = _remove_undrawn(text if one_line else _unify_line_ends(text))

    if one_line and any(char in _LAYOUT or _ends_line(char) for char in kept):
        raise ValueError("The text holds a line break or a tab.")
    if any(_is_control(char) for char in kept):
        raise ValueError("The text holds control characters.")
    if any(char in _REFUSED for char in kept) or not _are_isolates_balanced(kept):
        raise ValueError("The text holds characters that turn the direction of writing.")

    return unicodedata.normalize("NFC", kept).strip()


def tame_text(text: str) -> str:
    """Return words with all taken out that `clean_text` refuses, and "" where nothing is drawn.

    For the words of those whom nothing may keep from saying no.
    """
    hidden = _REFUSED | _OPENING | {_CLOSING}
    kept = "".join(
        char
        for char in _remove_undrawn(_unify_line_ends(text))
        if char not in hidden and not _is_control(char)
    )

    return unicodedata.normalize("NFC", kept).strip() if draws_ink(kept) else ""


def draws_ink(text: str) -> bool:
    """Return whether anything of the words is seen."""
    return any(map(unicode_ranges.is_drawn, text))


def is_needed(char: str) -> bool:
    """Return whether a script needs a character that draws nothing."""
    return char in _NEEDED or ord(char) in _CHOOSING


def is_plain(text: str) -> bool:
    """Return whether nothing in an address is invisible, but for the joiners of its script."""
    joiners = {"\u200c", "\u200d"}
    return not any(unicode_ranges.is_ignorable(char) and char not in joiners for char in text)


def count_drawn(text: str) -> int:
    """Return the number of letters and digits that draw ink."""
    return sum(char.isalnum() and unicode_ranges.is_drawn(char) for char in text)


def weigh_letters(text: str) -> int:
    """Return the number of letters, in which one of Han, Kana or Hangul counts as two."""
    return weigh_text("".join(char for char in text if char.isalpha()))


def weigh_text(text: str) -> int:
    """Return the length of what is drawn, in which one of Han, Kana or Hangul counts as two."""
    drawn = (char for char in text if not unicode_ranges.is_ignorable(char))
    return sum(2 if unicode_ranges.is_east_asian(char) else 1 for char in drawn)


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


def _unify_line_ends(text: str) -> str:
    """Return the text with the line ends of Unix. Forms of browsers send those of Windows."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _remove_undrawn(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFC", text) if not _draws_nothing(char))


def _draws_nothing(char: str) -> bool:
    """Return whether a character draws nothing and no script needs it."""
    return unicode_ranges.is_ignorable(char) and not (
        is_needed(char) or char in _REFUSED or char in _OPENING or char == _CLOSING
    )


def _ends_line(char: str) -> bool:
    return unicodedata.category(char) in {"Zl", "Zp"}


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} and char not in _LAYOUT


def _are_isolates_balanced(text: str) -> bool:
    """Return whether each isolate is closed in the paragraph in which it was opened."""
    return all(map(_is_line_balanced, _PARAGRAPH_END.split(text)))


def _is_line_balanced(line: str) -> bool:
    depth = 0

    for char in line:
        depth += (char in _OPENING) - (char == _CLOSING)
        if depth < 0:
            return False

    return depth == 0

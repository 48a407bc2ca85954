"""Properties of characters that the standard library does not know (Unicode 15.1)."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

Ranges = tuple[tuple[int, int], ...]

# Default_Ignorable_Code_Point (UAX 44, DerivedCoreProperties.txt).
_IGNORABLE: Final[Ranges] = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Han, Hiragana, Katakana, Bopomofo and Hangul (UAX 24), with their marks. The middle dot of
# Katakana is punctuation.
_EAST_ASIAN: Final[Ranges] = (
    (0x1100, 0x11FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035),
    (0x3038, 0x303C), (0x3041, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x318E), (0x31A0, 0x31BF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF), (0xFF66, 0xFFDC), (0x16FE2, 0x16FE3), (0x1AFF0, 0x1B16F),
    (0x1F200, 0x1F200), (0x20000, 0x323AF),
)  # fmt: skip
# Signs and letters whose glyph is blank: the empty Braille cell and two blanks of hieroglyphs.
_BLANK: Final = frozenset("\u2800\U00013441\U00013442")


def is_ignorable(char: str) -> bool:
    """Return whether a character draws nothing by itself (Default_Ignorable_Code_Point)."""
    return _is_within(ord(char), _IGNORABLE)


def is_east_asian(char: str) -> bool:
    """Return whether a character is of Han, Kana, Bopomofo or Hangul.

    One of them says as much as some letters of an alphabet, and no spaces stand between them.
    """
    return _is_within(ord(char), _EAST_ASIAN)


def is_drawn(char: str) -> bool:
    """Return whether a character is seen where it stands alone. A mark needs a letter below it."""
    return (
        unicodedata.category(char)[0] not in "CMZ" and char not in _BLANK and not is_ignorable(char)
    )


def _is_within(number: int, ranges: Ranges) -> bool:
    at = bisect_right(ranges, (number, 0x110000)) - 1
    return at >= 0 and ranges[at][0] <= number <= ranges[at][1]

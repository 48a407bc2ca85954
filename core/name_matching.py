"""Names of people, compared as a reader compares them.

One name is typed in several ways: phones type a curly apostrophe, a copy brings invisible
characters along, keyboards lack a letter. A name that differs by a letter is another name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from core import unicode_ranges

_APOSTROPHE, _QUOTE, _DASH, _DOT = "'", '"', "-", "\u00b7"
# Quotes, primes, and the letters that are typed for them (the okina, the ain and hamza of
# transliteration, the saltillo, the geresh).
_APOSTROPHES: Final = (
    "`\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u2018\u2019\u201b\u2032"
    "\u2035\u201a\u2039\u203a\ua78b\ua78c"
)
_QUOTES: Final = "\u00ab\u00bb\u02ba\u05f4\u201c\u201d\u201e\u201f"
# Beside all of Dash_Punctuation: the minus, bullets, and the equals sign that stands for the double
# hyphen of Katakana.
_DASHES: Final = "=\u02d7\u2043\u2212"
# Between the parts of foreign names in Chinese and Japanese, and of words in Catalan. The last one
# is the Korean dot, as NFKC gives it.
_DOTS: Final = "\u16eb\u2022\u2027\u2219\u22c5\u2e31\u2e33\u30fb\ua78f\u119e"
_SIGNS: Final = {
    **dict.fromkeys(map(ord, _APOSTROPHES), _APOSTROPHE),
    **dict.fromkeys(map(ord, _QUOTES), _QUOTE),
    **dict.fromkeys(map(ord, _DASHES), _DASH),
    **dict.fromkeys(map(ord, _DOTS), _DOT),
    # A dash is typed for the mark of long vowels in Kana.
    0x30FC: _DASH,
    # The empty Braille cell is typed as a space.
    0x2800: " ",
}
# Accents that stand alone, as NFKC gives them.
_LONE_ACCENT: Final = re.compile(" [\u0300\u0301\u0313\u0314\u0342]+")
_LONE_DOUBLE_ACCENT: Final = " \u030b"
_LETTERS: Final = {
    # Turkish i with and without dot, whose capitals Unicode folds to two letters.
    0x0131: "i",
    # Strokes and ligatures are no accents to Unicode, and keyboards lack them as much (CLDR,
    # transform Latin-ASCII).
    0x0111: "d", 0x00F0: "d", 0x0127: "h", 0x0142: "l", 0x00F8: "o", 0x0167: "t", 0x00FE: "th",
    0x00E6: "ae", 0x0153: "oe",
    # Arabic yeh, alef maksura and kaf are typed for the Persian letters.
    0x0649: "\u06cc", 0x064A: "\u06cc", 0x0643: "\u06a9", 0x06AA: "\u06a9",
    # Heh is typed for teh marbuta and for the letters of Urdu and Kurdish that look like it.
    0x0629: "\u0647", 0x06C1: "\u0647", 0x06D5: "\u0647",
    # Yiddish letters of two, which keyboards for Hebrew lack.
    0x05F0: "\u05d5\u05d5", 0x05F1: "\u05d5\u05d9", 0x05F2: "\u05d9\u05d9",
    # The tatweel only stretches a word.
    0x0640: None,
}  # fmt: skip
# Points of vowels and cantillation in Hebrew and Arabic, which most people leave out.
_POINTS: Final = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
_ARABIC: Final = re.compile("[\u0620-\u06ff\u0750-\u077f\u0870-\u08ff]")
_STRESS: Final = frozenset("\u0300\u0301")
_DIAERESIS: Final = "\u0308"
_AROUND_SIGN: Final = re.compile(f" ?([{_DASH}{_DOT}{_APOSTROPHE}]) ?")
_TYPED_ALIKE: Final = (
    # Tone and vowel of Thai and Lao in either order, and two signs that are typed for one.
    (re.compile("([\u0e48-\u0e4b]+)\u0e4d"), "\u0e4d\\1"),
    (re.compile("([\u0ec8-\u0ecb]+)\u0ecd"), "\u0ecd\\1"),
    (re.compile("\u0e40\u0e40"), "\u0e41"),
    # The voicing marks of Kana, typed alone behind a letter.
    (re.compile(" ([\u3099\u309a])"), "\\1"),
)


def is_same_name(first: str, second: str) -> bool:
    """Return whether two texts are the same name. Nothing visible is no name."""
    folded = fold_name(first)
    return bool(folded) and folded == fold_name(second)


def fold_name(name: str) -> str:
    """Return what a reader takes of a name, for comparing and for nothing else.

    Compatibility forms (NFKC), case, invisible characters, the kinds of apostrophes, dashes,
    digits and spaces, and accents that keyboards lack make no difference.
    """
    drawn = "".join(char for char in name if not unicode_ranges.is_ignorable(char))
    plain = _fold_signs(unicodedata.normalize("NFKC", drawn))

    # Case folding of some letters gives what is composed or folded again (UAX 15, section 12).
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", plain.casefold()))
    kept = "".join(map(_fold_digit, _drop_accents(letters))).translate(_LETTERS)
    for pattern, spelling in _TYPED_ALIKE:
        kept = pattern.sub(spelling, kept)

    return _fold_spaces(unicodedata.normalize("NFKC", kept))


def _fold_signs(text: str) -> str:
    """Return a text in NFKC with one spelling of each kind of sign."""
    lone = _LONE_ACCENT.sub(_APOSTROPHE, text).replace(_LONE_DOUBLE_ACCENT, _QUOTE)
    signs = "".join(
        _DASH if unicodedata.category(char) == "Pd" else char for char in lone.translate(_SIGNS)
    )
    return signs.replace(2 * _APOSTROPHE, _QUOTE)


def _drop_accents(decomposed: str) -> Iterator[str]:
    """Yield the characters without accents that leave a letter what it is.

    A mark makes another letter of Kana, of Indic scripts and of most Cyrillic letters.
    """
    script, base = "", ""

    for char in decomposed:
        if not unicodedata.category(char).startswith("M"):
            script, base = unicodedata.name(char, "").partition(" ")[0], char
            yield char
        elif not _is_left_out(char, script=script, base=base):
            yield char


def _fold_digit(char: str) -> str:
    """Return the digit of Latin script that a digit of another one is."""
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def _is_left_out(mark: str, *, script: str, base: str) -> bool:
    if _POINTS.match(mark):
        return True
    if script in {"LATIN", "GREEK"}:
        return True

    return script == "CYRILLIC" and (mark in _STRESS or (base == "\u0435" and mark == _DIAERESIS))


def _fold_spaces(text: str) -> str:
    """Return the text with single spaces, and none beside a dash or between letters of scripts
    that are spaced at will.
    """
    words = _AROUND_SIGN.sub(r"\1", " ".join(text.split()))

    return "".join(
        char
        for at, char in enumerate(words)
        if char != " "
        or not (_is_spaced_at_will(words[at - 1]) and _is_spaced_at_will(words[at + 1]))
    )


def _is_spaced_at_will(char: str) -> bool:
    """Return whether spaces beside a letter are a matter of taste.

    Persian and Arabic write one name with a space, with a joiner, or in one.
    """
    return unicode_ranges.is_east_asian(char) or bool(_ARABIC.match(char))

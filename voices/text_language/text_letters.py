"""The letters of a text: which of it is language, and in which scripts it is written.

Numbers, signs, emoji, addresses of the web and marks in brackets are no language. What looks like a
letter counts as the letter that it stands for (NFKC), and what is not seen does not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from core.unicode_ranges import is_ignorable

_ADDRESSES: Final = re.compile(
    r"(?:https?://|www\.)\S+"  # of the web
    r"|[^\s@]{1,64}@[^\s@]{1,255}\.\w{2,}"  # of mail
)
_MARKS: Final = re.compile(r"\[[\w\s:,-]{1,30}\]")
"""Marks for an engine, such as `[laughs]`."""
_MOST_IN_MARKS: Final = 40
"""Letters. More of them are no marks: whoever wants a text unread could put it into brackets."""
_INSIDE_WORDS: Final = frozenset("'’ʼ-‐·״׳")
_SCRIPT_NAMES: Final = {
    "ARABIC": "Arab", "ARMENIAN": "Armn", "BALINESE": "Bali", "BENGALI": "Beng",
    "BOPOMOFO": "Bopo", "CANADIAN": "Cans", "CHEROKEE": "Cher", "CJK": "Hani",
    "COPTIC": "Copt", "CYRILLIC": "Cyrl", "DEVANAGARI": "Deva", "ETHIOPIC": "Ethi",
    "GEORGIAN": "Geor", "GREEK": "Grek", "GUJARATI": "Gujr", "GURMUKHI": "Guru",
    "HANGUL": "Hang", "HEBREW": "Hebr", "HIRAGANA": "Hira", "JAVANESE": "Java",
    "KANNADA": "Knda", "KATAKANA": "Kana", "KHMER": "Khmr", "LAO": "Laoo", "LATIN": "Latn",
    "MALAYALAM": "Mlym", "MONGOLIAN": "Mong", "MYANMAR": "Mymr", "NKO": "Nkoo", "ORIYA": "Orya",
    "SINHALA": "Sinh", "SYRIAC": "Syrc", "TAMIL": "Taml", "TELUGU": "Telu", "THAANA": "Thaa",
    "THAI": "Thai", "TIBETAN": "Tibt", "TIFINAGH": "Tfng",
}  # fmt: skip
"""The first word of a letter's name in Unicode, and the code of its script in ISO 15924."""
DENSE: Final = frozenset({"Hani", "Hang", "Hira", "Kana", "Bopo", "Thai", "Laoo", "Khmr", "Mymr"})
"""Scripts that say much in few letters, or write no spaces between words."""


class _Letters(dict[int, str]):
    """What each character is replaced by, found out when it is first met."""

    def __missing__(self, number: int) -> str:
        char = chr(number)
        if char in _INSIDE_WORDS:
            kept = "'" if char in "'’ʼ" else char
        elif unicodedata.category(char)[0] in "LM":
            kept = char
        else:
            kept = "" if is_ignorable(char) else " "

        self[number] = kept
        return kept


_LETTERS: Final = _Letters()


def keep_language(text: str) -> str:
    """Return the text in plain letters, without what is no language. Its sentences stay."""
    plain = _ADDRESSES.sub(" ", unicodedata.normalize("NFKC", text))
    marks = sum(map(len, _MARKS.findall(plain)))

    return _MARKS.sub(" ", plain) if marks < _MOST_IN_MARKS else plain


def keep_words(text: str) -> list[str]:
    """Return the words of a text, spelt as they are, without numbers and punctuation."""
    words = (word.strip("'-‐·") for word in text.translate(_LETTERS).split())
    return [word for word in words if word]


def count_scripts(text: str) -> Counter[str]:
    """Return how many letters of each script a text has, by their codes in ISO 15924.

    Letters of a script that is not known here are left out.
    """
    found: Counter[str] = Counter()
    for char, times in Counter(text).items():
        if script := get_script(char):
            found[script] += times

    return found


def measure(scripts: Mapping[str, int]) -> int:
    """Return the size of a text in letters. One of a dense script counts three times."""
    return sum(times * (3 if script in DENSE else 1) for script, times in scripts.items())


@lru_cache(maxsize=16384)
def get_script(char: str) -> str:
    """Return the script of a letter, or an empty text for anything else."""
    if unicodedata.category(char)[0] != "L":
        return ""

    return _SCRIPT_NAMES.get(unicodedata.name(char, "").partition(" ")[0], "")

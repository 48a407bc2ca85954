"""Text for PDF: every run in a font that has its letters, and an honest escape where none has.

The built-in fonts of PDF know Western European letters. DejaVu Sans, which lies beside this module, adds the rest of
Latin, Greek, Cyrillic, Armenian, Georgian and Hebrew; fonts that readers have of their own add Chinese, Japanese and
Korean. Scripts whose letters join or move (Arabic, Devanagari, Thai …) need a shaping engine, which we have not: their
characters are written as code points, and the reader is told that the JSON is the record.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

WIDE: Final = "DejaVuSans"
_FILE: Final = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
# Fonts that a reader has for these character sets (PDF 1.7, 9.7.5.2); the first that has a run's characters is taken.
# Han characters without kana beside them are taken for Chinese where they may be.
_EASTERN: Final = (
    ("gb2312", "STSong-Light"), ("big5", "MSung-Light"), ("shift_jis", "HeiseiKakuGo-W5"), ("gbk", "STSong-Light"),
    ("cp949", "HYGothic-Medium"),
)  # fmt: skip
_PLAIN, _DEJAVU, _EAST, _HEBREW, _UNDRAWN = "plain", "dejavu", "east", "hebrew", "undrawn"
# Letters of these scripts stand alone, from left to right; DejaVu has glyphs of others that would come out wrong.
_SIMPLE: Final = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "COMBINING", "MODIFIER")


def drawn(text: str) -> str:
    """Give the text as the markup of a reportlab paragraph, each run in a font that can draw it."""
    return "".join(_run(kind, run) for kind, run in _runs(unicodedata.normalize("NFC", text)))


def is_whole(text: str) -> bool:
    """Say whether all of the text can be drawn; where not, tell the reader where the record is."""
    return all(kind != _UNDRAWN for kind, _ in _runs(unicodedata.normalize("NFC", text)))


def _runs(text: str) -> Iterator[tuple[str, str]]:
    kinds = [_kind(character) for character in text]
    for at, character in enumerate(text):  # a blank between two words of one script belongs to them
        if character == " " and 0 < at < len(text) - 1 and kinds[at - 1] == kinds[at + 1]:
            kinds[at] = kinds[at - 1]
    for kind, group in groupby(zip(kinds, text, strict=True), key=lambda pair: pair[0]):
        yield kind, "".join(character for _, character in group)


def _kind(character: str) -> str:
    name = unicodedata.name(character, "")
    if character == "\xa0" or _encodes(character, "cp1252"):
        return _PLAIN
    if name.startswith("HEBREW LETTER"):
        return _HEBREW
    if unicodedata.east_asian_width(character) in "WF" and any(_encodes(character, charset) for charset, _ in _EASTERN):
        return _EAST
    if ord(character) in _glyphs() and (name.startswith(_SIMPLE) or unicodedata.category(character)[0] in "PS"):
        return _DEJAVU
    return _UNDRAWN


def _run(kind: str, run: str) -> str:
    if kind == _PLAIN:
        return escape(run)
    if kind == _EAST:
        return "".join(_in_font(_eastern(part), part) for part in _phrases(run))
    if kind == _UNDRAWN:
        return escape("[" + " ".join(f"U+{ord(character):04X}" for character in run) + "]")
    # Read from right to left; without vowel points a run is drawn right when it is turned round.
    return _in_font(_wide(), run[::-1] if kind == _HEBREW else run)


def _phrases(run: str) -> list[str]:
    """Give the run whole when one font has all of it, else character by character."""
    return [run] if any(_encodes(run, charset) for charset, _ in _EASTERN) else list(run)


def _eastern(run: str) -> str:
    charsets = list(_EASTERN)
    if any(unicodedata.name(character, "").startswith(("HIRAGANA", "KATAKANA")) for character in run):
        charsets.insert(0, ("shift_jis", "HeiseiKakuGo-W5"))
    font = next(font for charset, font in charsets if _encodes(run, charset))
    if font not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    return font


def _in_font(font: str, run: str) -> str:
    return f'<font name="{font}">{escape(run)}</font>'


def _wide() -> str:
    _glyphs()
    return WIDE


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Load the font, and give the code points that it has."""
    font = TTFont(WIDE, _FILE)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _encodes(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True

"""Fonts for PDF: which font has a letter, and that font reduced to the letters of one document.

The fonts are Noto Sans (SIL Open Font License), from packages. They are variable fonts, and those
of Chinese, Japanese and Korean have many megabytes. So a document contains a subset of each font
that it needs, at one weight.
"""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

# They log the letters of a subset, and with them people's names.
for _name in ("fontTools", "fpdf"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

REGULAR: Final = 400
BOLD: Final = 700
BASE: Final = "NotoSans"

# Latin letters and marks that nearly every document has. Their subset is made once and shared.
BASIC: Final = frozenset(
    {*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "–—‘’‚“”„…•")} - {0xAD}
)
_JOINERS: Final = frozenset("\u200c\u200d")
# They choose a form of the letter before them, and draw nothing themselves.
_SELECTORS: Final = frozenset(
    map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_EASTERN: Final = ("JP", "KR", "SC", "TC")
# Which of the four draws Han characters in the forms that the reader knows, by the person's
# language.
_BY_LANGUAGE: Final[Mapping[str, str]] = {"ja": "JP", "ko": "KR", "zh": "SC", "yue": "TC"}
_BY_REGION: Final[Mapping[str, str]] = {
    "JP": "JP", "KR": "KR", "CN": "SC", "SG": "SC", "HANS": "SC", "TW": "TC", "HK": "TC",
    "MO": "TC", "HANT": "TC",
}  # fmt: skip
_SCRIPTS: Final = (
    "Arabic", "Hebrew", "Devanagari", "Armenian", "Georgian", "Bengali", "Gujarati", "Gurmukhi",
    "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu",
    "Thai", "Ethiopic", "Symbols",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A font with the letters of one document: its name, and the bytes of a TrueType file."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """The fonts of a document, the base font first, and the letters that no font has."""

    fonts: tuple[Cut, ...]
    bold: Cut
    missing: frozenset[str]


def choose_letters(texts: Iterable[str], *, language: str = "", country: str = "") -> Letters:
    """Choose and reduce the fonts for these texts.

    `language` and `country` of the person decide between forms of Han.
    """
    wanted = sorted({ord(character) for text in texts for character in strip_invisible(text)})
    order = (
        BASE,
        *(f"{BASE}{script}" for script in _SCRIPTS),
        *_eastern_fonts(wanted, language, country),
    )

    chosen: dict[str, set[int]] = {}
    missing: set[str] = set()
    selectors = {code for code in wanted if is_selector(chr(code))}
    for code in wanted:
        if code in BASIC or code in selectors:
            continue

        name = next((name for name in order if code in _list_code_points(name)), None)
        if name is None:
            missing.add(chr(code))
            continue

        # Shaping may take a letter apart, so its parts must be in the subset, too.
        parts = {ord(part) for part in unicodedata.normalize("NFD", chr(code))}
        chosen.setdefault(name, set()).update({code} | (parts & _list_code_points(name)))

    # Every font has the selectors. A font that does not know the form draws the usual one.
    others = tuple(
        _cut_font(name, frozenset(codes | selectors), REGULAR) for name, codes in chosen.items()
    )
    base, bold = (_cut_font(BASE, BASIC, weight) for weight in (REGULAR, BOLD))

    return Letters(fonts=(base, *others), bold=bold, missing=frozenset(missing))


def strip_invisible(text: str) -> str:
    """Return the text in NFC without what draws nothing.

    Joiners stay, because letters change shape by them.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        character
        for character in composed
        if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"}
    )


def is_selector(character: str) -> bool:
    """Check whether this is a variation selector, as Japanese names and emoji have them."""
    return character in _SELECTORS


def is_rtl(text: str) -> bool:
    """Check whether a text reads from right to left, by its first letter that has a direction."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"L", "R", "AL"}:
            return direction != "L"

    return False


def _eastern_fonts(code_points: Sequence[int], language: str, country: str) -> tuple[str, ...]:
    subtags = [*language.replace("_", "-").upper().split("-")[1:], country.upper()]
    first = next((_BY_REGION[tag] for tag in subtags if tag in _BY_REGION), "")
    by_language = _BY_LANGUAGE.get(language.partition("-")[0].lower(), "")
    first = first or by_language or _guess_han_region(code_points)

    return tuple(f"{BASE}{name}" for name in dict.fromkeys((first, *_EASTERN)))


def _guess_han_region(code_points: Sequence[int]) -> str:
    """Return the region of these letters: kana is Japanese, Hangul Korean, Han alone Chinese."""
    if any(0x3040 <= code <= 0x30FF for code in code_points):
        return "JP"
    if any(0x1100 <= code <= 0x11FF or 0xAC00 <= code <= 0xD7A3 for code in code_points):
        return "KR"
    return "SC"


@cache
def _list_code_points(name: str) -> frozenset[int]:
    """Return the code points that a font has."""
    covered = frozenset(_open_font(name).getBestCmap())
    if name != BASE:
        return covered

    # The base font leaves joiners to the fonts of the scripts that join.
    return covered - {ord(joiner) for joiner in _JOINERS}


def _open_font(name: str) -> TTFont:
    script = name.removeprefix(BASE)
    if script in _EASTERN:
        folder = (
            resources.files("justmytype_intl_cjk") / "fonts" / "ofl" / f"notosans{script.lower()}"
        )
    else:
        folder = resources.files("manimgx_fonts")

    data = (folder / f"{name}[wght].ttf").read_bytes()
    return TTFont(io.BytesIO(data), lazy=True, recalcTimestamp=False)


@lru_cache(maxsize=64)
def _cut_font(name: str, codes: frozenset[int], weight: int) -> Cut:
    """Return a font with these letters in all their shapes, at one weight."""
    font = _open_font(name)

    options = subset.Options()
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(codes))
    cutter.subset(font)

    between = io.BytesIO()
    font.save(between)
    fixed = instancer.instantiateVariableFont(
        TTFont(between, recalcTimestamp=False), {"wght": weight}
    )

    # Readers and tools name a font by these two records.
    letters = "" if codes == BASIC else "More"
    style = "Bold" if weight == BOLD else "Regular"
    called = f"{name}{letters}-{style}"
    for record in fixed["name"].names:
        if record.nameID in {4, 6}:
            record.string = called

    out = io.BytesIO()
    fixed.save(out)
    return Cut(name=called, data=out.getvalue())

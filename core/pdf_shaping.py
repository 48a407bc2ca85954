"""Shaped runs of text in a PDF, drawn glyph by glyph, so that they can be copied and searched."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from fpdf.line_break import Fragment

from core import pdf_fonts


def draw_shaped_run(
    fragment: Fragment, pos_x: float, pos_y: float, h: float, word_spacing: float
) -> str:
    """Return the drawing commands of a run of shaped glyphs.

    The library names the first glyph of a cluster after all its letters. Where that is a mark
    without width, readers see a gap at the letter and put a space there. Here the widest glyph of a
    cluster has the name. Scripts that move glyphs (Devanagari and its neighbours) hold their text
    beside the glyphs.
    """
    font: Any = fragment.font
    unit = font.scale * fragment.font_size_pt * (fragment.font_stretching / 100) / 1000 / fragment.k
    space = font.subset.pick(ord(" "))

    drawn: list[str] = []
    for glyph, place in _list_glyphs(fragment):
        code = font.subset.pick_glyph(glyph)
        x = pos_x + place.x_offset * unit
        y = pos_y - place.y_offset * unit
        drawn.append(
            f"1 0 0 1 {x * fragment.k:.2f} {(h - y) * fragment.k:.2f} Tm "
            f"({font.escape_text(chr(code))}) Tj"
        )
        pos_x += place.x_advance * unit + (word_spacing if code == space else 0)
        pos_y += place.y_advance * unit

    body = " ".join(drawn)
    if not _may_reorder_glyphs(fragment.string):
        return body

    text = ("\ufeff" + fragment.string).encode("utf-16-be").hex().upper()
    return f"/Span <</ActualText <{text}>>> BDC {body} EMC"


def _list_glyphs(fragment: Fragment) -> Iterator[tuple[Any, Any]]:
    """Yield the glyphs of a run in the order in which they are drawn, each with its place."""
    font: Any = fragment.font  # only TrueType fonts come here
    text = fragment.string
    if not text:
        return

    infos, places = font.perform_harfbuzz_shaping(
        text, fragment.font_size_pt, fragment.text_shaping_parameters
    )
    starts = _find_letter_starts(text, [int(info.cluster) for info in infos])
    letters = {
        start: text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    }
    owners = [starts[bisect_right(starts, int(info.cluster)) - 1] for info in infos]
    widest = _find_widest(owners, places)

    for number, (info, place) in enumerate(zip(infos, places, strict=True)):
        owner = owners[number]
        named = _to_reading_order(letters[owner]) if widest[owner] == number else ""

        name = font.ttfont.getGlyphName(info.codepoint)
        glyph = font.subset.get_glyph(
            glyph=info.codepoint,
            unicode=tuple(map(ord, named)),
            glyph_name=name,
            glyph_width=round(font.scale * font.ttfont["hmtx"].metrics[name][0]),
        )
        if glyph is not None:
            yield glyph, place


def _find_letter_starts(text: str, clusters: list[int]) -> list[int]:
    """Return where the letters of a text begin."""
    # A letter and its marks are one thing to a reader, however they are shaped.
    marks = {at for at, one in enumerate(text) if is_mark(one)}
    return sorted(set(clusters) - marks | {0})


def _find_widest(owners: list[int], places: list[Any]) -> dict[int, int]:
    """Return the number of the widest glyph of each letter."""
    widest: dict[int, int] = {}
    for number, (owner, place) in enumerate(zip(owners, places, strict=True)):
        best = widest.get(owner)
        if best is None or place.x_advance > places[best].x_advance:
            widest[owner] = number

    return widest


def _may_reorder_glyphs(text: str) -> bool:
    """Check whether glyphs may stand in another order than their letters.

    This is asked of scripts that read from left to right.
    """
    right_to_left = any(unicodedata.bidirectional(one) in {"R", "AL"} for one in text)
    return any(map(is_mark, text)) and not right_to_left


def _to_reading_order(letters: str) -> str:
    """Return the letters of one glyph in the order that readers expect.

    They reverse a run from right to left, but not a letter's marks.
    """
    marked = any(map(is_mark, letters)) and pdf_fonts.is_rtl(letters)
    return letters[::-1] if marked else letters


def is_mark(character: str) -> bool:
    """Check whether a character is a mark on a letter."""
    return unicodedata.category(character).startswith("M")

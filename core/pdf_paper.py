"""Papers for people as PDF: titles, lines, tables, in any script that we have letters for, shaped
and in reading order.

Drawn by fpdf2, shaped by HarfBuzz. What no font has is written as code points, and the reader is
told so.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fpdf import FPDF
from fpdf.line_break import Fragment, TextLine

from core import pdf_blocks, pdf_fonts, qr_codes
from core.pdf_blocks import Block, CodeBlock, Heading, Line, Paper, Passage, Table
from core.pdf_fonts import Letters

_FAMILY: Final = "base"
# A run of Latin words and numbers, with what stands between them.
_FOREIGN: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z:.,/+_@ -]*[0-9A-Za-z])?")
_MARGIN: Final = 22
_BODY, _SMALL, _LEADING = 10, 8, 1.4
_CODE: Final = 34
"""The side of a QR code in millimetres."""
_ABOVE_CODE: Final = 34
"""What its title, hint and address take at most, so that they stay on one page with it."""


def draw_paper(
    paper: Paper,
    blocks: Sequence[Block],
    *,
    undrawn: str = "",
    language: str = "",
    country: str = "",
) -> bytes:
    """Draw the paper. `undrawn` is what the reader is told when a letter cannot be drawn.

    `language` and `country` of the person decide between the Chinese, Japanese and Korean forms of
    one character.
    """
    texts = [
        paper.title,
        paper.banner,
        paper.footer,
        paper.page_word,
        undrawn,
        "[U+0123456789ABCDEF]/",
    ]
    letters = pdf_fonts.choose_letters(
        [*texts, *pdf_blocks.list_texts(blocks)], language=language, country=country
    )
    if letters.missing and undrawn:
        blocks = [*blocks, Passage(text=undrawn)]
    with TemporaryDirectory(prefix="sayso-pdf-") as folder:
        sheet = _Sheet(paper, letters, Path(folder))
        for block in blocks:
            sheet.draw_block(block)
        return bytes(sheet.output())


class _Sheet(FPDF):
    """One document of fpdf2 with our fonts, our head and foot, and text that reads back as it was
    written.
    """

    def __init__(self, paper: Paper, letters: Letters, folder: Path) -> None:
        super().__init__(format="A4")
        self._paper, self._missing = paper, letters.missing
        self._font_before: str | None = None
        self.set_title(paper.title)
        self.set_author("Sayso")
        self.set_lang(paper.lang)
        self.set_creation_date(paper.made_at)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)
        base, *others = letters.fonts
        for family, style, cut in [
            (_FAMILY, "", base), (_FAMILY, "B", letters.bold),
            *((cut.name, "", cut) for cut in others),
        ]:  # fmt: skip
            file = folder / f"{cut.name}.ttf"
            file.write_bytes(cut.data)
            self.add_font(family, style, str(file))
        for font in self.fonts.values():  # the same paper has the same bytes, whenever it is drawn
            font.ttfont.recalcTimestamp = False  # type: ignore[union-attr]  # ours are all TrueType
        if others:
            self.set_fallback_fonts([cut.name for cut in others], exact_match=False)
        self.add_page()

    def header(self) -> None:
        """Say on every page that test data is test data."""
        if self._paper.banner:
            self._use(_BODY, bold=True)
            self._flow(self._paper.banner)
            self.ln(2)

    def footer(self) -> None:
        """Number the pages: a sheet that was lost is missed."""
        self.set_y(-15)
        self._use(_SMALL)
        number = f"{self._paper.page_word} {self.page_no()} / {{nb}}"
        self._flow(
            "  ".join(part for part in (self._paper.footer, number, self._paper.banner) if part)
        )

    def draw_block(self, block: Block) -> None:
        """Draw one block below the last one."""
        match block:
            case Heading():
                self.ln(3 if block.level > 1 else 0)
                self._use({1: 18, 2: 12}.get(block.level, _BODY), bold=True)
                self._flow(block.text)
                self.ln(1)
            case Line():
                self._use(_BODY, bold=True)
                self._run(f"{block.label}: ")
                self._use(_BODY)
                self._run(block.value)
                self.ln(self._leading() + 1)
            case Passage():
                self._use(_SMALL if block.small else _BODY)
                self._flow(("• " if block.point else "") + block.text)
                self.ln(1)
            case Table():
                self._table(block)
            case CodeBlock():
                self._code(block)

    def _table(self, block: Table) -> None:
        self._use(_SMALL)
        self._towards("")
        with self.table(
            col_widths=tuple(block.widths), line_height=self._leading(), text_align="LEFT"
        ) as table:
            for row in [block.head, *block.rows]:
                cells = table.row()
                for text in row:
                    cells.cell(self._drawable(text))
        self.ln(2)

    def _code(self, code: CodeBlock) -> None:
        if self.will_page_break(_CODE + _ABOVE_CODE):
            self.add_page()
        self.draw_block(Heading(text=code.title))
        self.draw_block(Passage(text=code.hint))
        self.draw_block(Passage(text=code.address, small=True))
        squares = qr_codes.encode_qr_rows(code.address)
        side, left, top = _CODE / len(squares), self.l_margin, self.get_y()
        self.link(left, top, _CODE, _CODE, code.address)
        for y, row in enumerate(squares):
            for x, dark in enumerate(row):
                if dark:
                    self.rect(left + x * side, top + y * side, side, side, style="F")
        self.set_y(top + _CODE)

    def _use(self, size: int, *, bold: bool = False) -> None:
        # A letter of another font may have come last, which the library does not notice.
        self.font_family = ""
        self.set_font(_FAMILY, "B" if bold else "", size)

    def _leading(self) -> float:
        return float(self.font_size) * _LEADING

    def _flow(self, text: str) -> None:
        """A paragraph from margin to margin."""
        said = _isolate_runs(self._drawable(text))
        self._towards(said)
        align = "R" if pdf_fonts.is_rtl(said) else "L"
        self.multi_cell(0, self._leading(), said, align=align, new_x="LMARGIN", new_y="NEXT")

    def _run(self, text: str) -> None:
        """Text that goes on where the last one ended, in its own direction."""
        said = _isolate_runs(self._drawable(text))
        self._towards(said)
        self.write(self._leading(), said)

    def _towards(self, said: str) -> None:
        self.set_text_shaping(
            use_shaping_engine=True, direction="rtl" if pdf_fonts.is_rtl(said) else "ltr"
        )

    def _drawable(self, text: str) -> str:
        """The text with code points for what no font has."""
        return "".join(
            f"[U+{ord(one):04X}]" if one in self._missing else one
            for one in pdf_fonts.strip_invisible(text)
        )

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Find the font of a letter that the base font has not.

        A variation selector stays with its letter.
        """
        if not pdf_fonts.is_selector(char):
            self._font_before = super().get_fallback_font(char, style)
        return self._font_before

    def _render_styled_text_line(self, text_line: TextLine, *args: Any, **kwargs: Any) -> bool:
        """Draw a line whose pieces say what they are, glyph by glyph, so that it can be copied and
        searched.
        """
        for fragment in text_line.fragments:
            if fragment.is_ttf_font and fragment.text_shaping_parameters:
                fragment.render_with_text_shaping = partial(_draw_shaped_run, fragment)  # type: ignore[method-assign]
        return super()._render_styled_text_line(text_line, *args, **kwargs)


def _isolate_runs(text: str) -> str:
    """Keep dates, numbers and hashes whole inside a text that reads from right to left."""
    return _FOREIGN.sub("\u2066\\g<0>\u2069", text) if pdf_fonts.is_rtl(text) else text


def _draw_shaped_run(
    fragment: Fragment, pos_x: float, pos_y: float, h: float, word_spacing: float
) -> str:
    """Draw a run of shaped glyphs.

    The library names the first glyph of a cluster after all its letters. Where that is a mark
    without width, readers see a gap at the letter and put a space there. Here the widest glyph of a
    cluster has the name. Scripts that move glyphs (Devanagari and its neighbours) say their text
    beside the glyphs.
    """
    font: Any = fragment.font
    unit = font.scale * fragment.font_size_pt * (fragment.font_stretching / 100) / 1000 / fragment.k
    space = font.subset.pick(ord(" "))
    drawn: list[str] = []
    for glyph, place in _list_glyphs(fragment):
        code = font.subset.pick_glyph(glyph)
        x, y = pos_x + place.x_offset * unit, pos_y - place.y_offset * unit
        drawn.append(
            f"1 0 0 1 {x * fragment.k:.2f} {(h - y) * fragment.k:.2f} Tm "
            f"({font.escape_text(chr(code))}) Tj"
        )
        pos_x += place.x_advance * unit + (word_spacing if code == space else 0)
        pos_y += place.y_advance * unit
    body = " ".join(drawn)
    if not _may_reorder_glyphs(fragment.string):
        return body
    said = ("\ufeff" + fragment.string).encode("utf-16-be").hex().upper()
    return f"/Span <</ActualText <{said}>>> BDC {body} EMC"


def _list_glyphs(fragment: Fragment) -> Iterator[tuple[Any, Any]]:
    """Give the glyphs of a run in the order in which they are drawn, each with its place."""
    font, text = fragment.font, fragment.string
    if not text:
        return
    infos, places = font.perform_harfbuzz_shaping(  # type: ignore[union-attr]  # only TrueType fonts come here
        text, fragment.font_size_pt, fragment.text_shaping_parameters
    )
    # A letter and its marks are one thing to a reader, whatever the shaping makes of them.
    starts = sorted(
        {int(info.cluster) for info in infos} - {at for at, one in enumerate(text) if _is_mark(one)}
        | {0}
    )
    letters = {
        start: text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    }
    owners = [starts[bisect_right(starts, int(info.cluster)) - 1] for info in infos]
    widest: dict[int, int] = {}
    for number, (owner, place) in enumerate(zip(owners, places, strict=True)):
        best = widest.get(owner)
        if best is None or place.x_advance > places[best].x_advance:
            widest[owner] = number
    for number, (info, place) in enumerate(zip(infos, places, strict=True)):
        name = font.ttfont.getGlyphName(info.codepoint)  # type: ignore[union-attr]  # as above
        said = (
            _to_reading_order(letters[owners[number]]) if widest[owners[number]] == number else ""
        )
        glyph = font.subset.get_glyph(  # type: ignore[union-attr]  # as above
            glyph=info.codepoint,
            unicode=tuple(map(ord, said)),
            glyph_name=name,
            glyph_width=round(font.scale * font.ttfont["hmtx"].metrics[name][0]),  # type: ignore[union-attr]  # as above
        )
        if glyph is not None:
            yield glyph, place


def _may_reorder_glyphs(text: str) -> bool:
    """Whether glyphs may stand in another order than their letters, in a script that reads from
    left to right.
    """
    return any(map(_is_mark, text)) and not any(
        unicodedata.bidirectional(one) in {"R", "AL"} for one in text
    )


def _to_reading_order(letters: str) -> str:
    """How readers want the letters of one glyph: they turn a run from right to left round, but not
    a letter's marks.
    """
    marked = any(map(_is_mark, letters)) and pdf_fonts.is_rtl(letters)
    return letters[::-1] if marked else letters


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")

"""Papers for people as PDF: titles, lines, tables, in any script that our fonts have.

They are drawn by fpdf2 and shaped by HarfBuzz, in reading order. What no font has is written as
code points, and a sentence tells the reader so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fpdf import FPDF
from fpdf.line_break import TextLine

from core import pdf_blocks, pdf_fonts, pdf_shaping, qr_codes
from core.pdf_blocks import Block, CodeBlock, Heading, Line, Paper, Passage, Table
from core.pdf_fonts import Letters

_FAMILY: Final = "base"
# A run of Latin words and numbers, with what stands between them.
_FOREIGN: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z:.,/+_@ -]*[0-9A-Za-z])?")
_MARGIN: Final = 22
_BODY: Final = 10
_SMALL: Final = 8
_LEADING: Final = 1.4
_CODE: Final = 34
"""The side of a QR code in millimetres."""
_ABOVE_CODE: Final = 34
"""The most that its title, hint and address take, so that they stay on one page with it."""


def draw_paper(
    paper: Paper,
    blocks: Sequence[Block],
    *,
    undrawn: str = "",
    language: str = "",
    country: str = "",
) -> bytes:
    """Draw the paper. `undrawn` is the sentence for a reader when a letter cannot be drawn.

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
    """One document of fpdf2 with our fonts, our head and foot, and text that can be copied."""

    def __init__(self, paper: Paper, letters: Letters, folder: Path) -> None:
        super().__init__(format="A4")
        self._paper = paper
        self._missing = letters.missing
        self._font_before: str | None = None

        self.set_title(paper.title)
        self.set_author("Sayso")
        self.set_lang(paper.lang)
        self.set_creation_date(paper.made_at)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)

        self._add_fonts(letters, folder)
        self.add_page()

    def _add_fonts(self, letters: Letters, folder: Path) -> None:
        base, *others = letters.fonts
        for family, style, cut in [
            (_FAMILY, "", base),
            (_FAMILY, "B", letters.bold),
            *((cut.name, "", cut) for cut in others),
        ]:
            file = folder / f"{cut.name}.ttf"
            file.write_bytes(cut.data)
            self.add_font(family, style, str(file))

        # The same paper has the same bytes, whenever it is drawn.
        for font in self.fonts.values():
            font.ttfont.recalcTimestamp = False  # type: ignore[union-attr]  # ours are all TrueType

        if others:
            self.set_fallback_fonts([cut.name for cut in others], exact_match=False)

    def header(self) -> None:
        """Draw the banner, which marks test data on every page."""
        if self._paper.banner:
            self._use(_BODY, bold=True)
            self._flow(self._paper.banner)
            self.ln(2)

    def footer(self) -> None:
        """Number the pages, so that a lost sheet is noticed."""
        self.set_y(-15)
        self._use(_SMALL)
        number = f"{self._paper.page_word} {self.page_no()} / {{nb}}"
        parts = (self._paper.footer, number, self._paper.banner)
        self._flow("  ".join(part for part in parts if part))

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

        side = _CODE / len(squares)
        left = self.l_margin
        top = self.get_y()
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
        """Draw a paragraph from margin to margin."""
        drawn = _isolate_runs(self._drawable(text))
        self._towards(drawn)
        align = "R" if pdf_fonts.is_rtl(drawn) else "L"
        self.multi_cell(0, self._leading(), drawn, align=align, new_x="LMARGIN", new_y="NEXT")

    def _run(self, text: str) -> None:
        """Draw a text behind the last one, in its own direction."""
        drawn = _isolate_runs(self._drawable(text))
        self._towards(drawn)
        self.write(self._leading(), drawn)

    def _towards(self, text: str) -> None:
        direction = "rtl" if pdf_fonts.is_rtl(text) else "ltr"
        self.set_text_shaping(use_shaping_engine=True, direction=direction)

    def _drawable(self, text: str) -> str:
        """Return the text with code points for what no font has."""
        return "".join(
            f"[U+{ord(one):04X}]" if one in self._missing else one
            for one in pdf_fonts.strip_invisible(text)
        )

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Return the font of a letter that the base font does not have.

        A variation selector stays with its letter.
        """
        if not pdf_fonts.is_selector(char):
            self._font_before = super().get_fallback_font(char, style)

        return self._font_before

    def _render_styled_text_line(self, text_line: TextLine, *args: Any, **kwargs: Any) -> bool:
        """Draw a line glyph by glyph, with the text of its pieces, so that it can be copied."""
        for fragment in text_line.fragments:
            if fragment.is_ttf_font and fragment.text_shaping_parameters:
                draw = partial(pdf_shaping.draw_shaped_run, fragment)
                # One run is drawn in another way than its class draws.
                fragment.render_with_text_shaping = draw  # type: ignore[method-assign]

        return super()._render_styled_text_line(text_line, *args, **kwargs)


def _isolate_runs(text: str) -> str:
    """Keep dates, numbers and hashes whole inside a text that reads from right to left."""
    return _FOREIGN.sub("\u2066\\g<0>\u2069", text) if pdf_fonts.is_rtl(text) else text

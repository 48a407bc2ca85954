"""Letters in PDF: no name loses a glyph in silence."""

from __future__ import annotations

import io
import re
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.ttfonts import TTFontFile
from reportlab.platypus import Paragraph, SimpleDocTemplate

from core import lettering

BODY = ParagraphStyle("body", fontName="Helvetica")


@lru_cache
def glyphs() -> frozenset[int]:
    return frozenset(TTFontFile(str(lettering._FILE)).charToGlyph)


def fonts(text: str) -> list[str]:
    return re.findall(r'<font name="([^"]+)">', lettering.drawn(text))


class TestDrawn:
    def test_leaves_western_european_text_as_it_is(self) -> None:
        assert lettering.drawn("Mara Lindqvist – “Żeby” & <b>") == (
            'Mara Lindqvist – “<font name="DejaVuSans">Ż</font>eby” &amp; &lt;b&gt;'
        )

    @pytest.mark.parametrize("name", ["Łukasz Wałęsa", "Ελένη", "Юлия Ковалёва", "Հայկ", "ნინო", "Nguyễn Thị Ngọc"])
    def test_takes_the_font_that_lies_here_for_other_alphabets(self, name: str) -> None:
        assert (set(fonts(name)), lettering.is_whole(name)) == ({"DejaVuSans"}, True)

    @pytest.mark.parametrize(
        ("name", "font"),
        [
            ("王小明", "STSong-Light"), ("陳龍鑫", "MSung-Light"), ("山田エリ", "HeiseiKakuGo-W5"),
            ("ひらがな", "HeiseiKakuGo-W5"), ("김민지", "HYGothic-Medium"),
        ],
    )  # fmt: skip
    def test_takes_the_readers_own_fonts_for_eastern_scripts(self, name: str, font: str) -> None:
        assert (fonts(name), lettering.is_whole(name)) == ([font], True)

    def test_turns_hebrew_round(self) -> None:
        assert lettering.drawn("מרים כהן") == f'<font name="DejaVuSans">{"מרים כהן"[::-1]}</font>'

    @pytest.mark.parametrize("name", ["محمد", "सीता", "สมชาย", "மீரா", "𝔘", "𓀀"])
    def test_writes_code_points_where_letters_join_or_are_missing(self, name: str) -> None:
        assert lettering.drawn(name) == "[" + " ".join(f"U+{ord(letter):04X}" for letter in name) + "]"
        assert not lettering.is_whole(name)

    def test_brings_an_accent_to_its_letter(self) -> None:
        assert lettering.drawn("Cafe\u0301") == "Café"

    @settings(max_examples=50, deadline=None)
    @given(st.text(max_size=60))
    def test_every_run_stands_in_a_font_that_has_its_letters(self, text: str) -> None:
        wide = glyphs()
        for font, run in re.findall(r'<font name="([^"]+)">(.*?)</font>', lettering.drawn(text)):
            if font == lettering.WIDE:
                assert all(ord(letter) in wide for letter in run)
        plain = re.sub(r'<font name="[^"]+">.*?</font>', "", lettering.drawn(text))
        plain.encode("cp1252")

    @settings(max_examples=50, deadline=None)
    @given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
    def test_any_text_makes_a_page(self, text: str) -> None:
        out = io.BytesIO()
        SimpleDocTemplate(out).build([Paragraph(lettering.drawn(text), BODY)])
        assert out.getvalue().startswith(b"%PDF")

"""Papers in many scripts: what is drawn reads back as it was written, from embedded subsets,
without an empty box.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uharfbuzz as hb
from fontTools.ttLib import TTFont

from core import pdf_fonts, pdf_paper
from core.pdf_blocks import Block, Heading, Line, Paper, Passage, Table

WHEN = datetime(2026, 11, 29, 18, 36, tzinfo=UTC)
NAMES = {
    "Latin": "Zażółć Nguyễn Thị Hồng Đặng",
    "Greek": "Ελένη Ωραία",
    "Cyrillic": "Ёлка Ґалаган Щербакова",
    "Hebrew": "נעמה שלום",
    "pointed Hebrew": "בְּרֵאשִׁית",
    "Arabic": "محمد الأحمد لا إله",
    "pointed Arabic": "اَلسَّلَامُ عَلَيْكُم",
    "Persian": "علی می\u200cخواهم",
    "Devanagari": "श्रीमती क्षत्रिय किताब हिन्दी",
    "Japanese": "山田 太郎さん",
    "Korean": "김예시 한국어",
    "Chinese": "王小明",
    "Thai": "ภาษาไทย",
    "Bengali": "বাংলা কি",
    "Tamil": "தமிழ் கொடு",
    "Armenian": "Հայերեն",
    "Georgian": "ქართული",
}


def paper(**changes: str) -> Paper:
    return Paper(title="Copy", lang="en", made_at=WHEN, **changes)


def ran(program: str, data: bytes, folder: Path, *more: str) -> str:
    """What a program of poppler says about a PDF."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"no {program} on this machine (apt-get install poppler-utils)")
    file = folder / "paper.pdf"
    file.write_bytes(data)
    done = subprocess.run(
        [found, *more, str(file), *(["-"] if program == "pdftotext" else [])],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def text_of(data: bytes, folder: Path) -> str:
    """The text of a PDF in reading order, without marks of direction."""
    said = ran("pdftotext", data, folder, "-layout")
    plain = "".join(one for one in said if unicodedata.category(one) != "Cf" or one == "\u200c")
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", plain))


@pytest.fixture(scope="module")
def every_script() -> bytes:
    blocks: list[Block] = [
        *(Line(label="Person", value=name) for name in NAMES.values()),
        *(Passage(text=name) for name in NAMES.values()),
    ]
    return pdf_paper.draw_paper(paper(), blocks)


class TestEveryScript:
    @pytest.mark.parametrize("script", sorted(NAMES))
    def test_reads_back_in_the_order_in_which_it_was_written(
        self, every_script: bytes, tmp_path: Path, script: str
    ) -> None:
        name = unicodedata.normalize("NFC", NAMES[script])
        said = text_of(every_script, tmp_path)
        if script == "Persian":  # pdftotext puts the joiner one letter further on
            name, said = name.replace("\u200c", ""), said.replace("\u200c", "")
        assert said.count(name) == 2
        assert f"Person: {name}" in said

    def test_is_drawn_with_fonts_that_are_all_embedded_as_subsets(
        self, every_script: bytes, tmp_path: Path
    ) -> None:
        rows = ran("pdffonts", every_script, tmp_path).splitlines()[2:]
        assert len(rows) >= 12
        for row in rows:
            assert re.search(r"CID TrueType +Identity-H +yes yes yes", row), row

    def test_draws_no_letter_as_an_empty_box(self, every_script: bytes) -> None:
        letters = pdf_fonts.choose_letters(NAMES.values())
        assert letters.missing == frozenset()
        assert b"(\\000\\000)" not in every_script

    @pytest.mark.parametrize("text", ["محمد", "لا", "क्ष", "श्री", "কি"])
    def test_is_shaped_and_not_a_row_of_single_letters(self, text: str) -> None:
        drawn, plain = _glyphs(text)
        assert drawn != plain


class TestALine:
    def test_keeps_dates_and_hashes_whole_inside_arabic(self, tmp_path: Path) -> None:
        mixed = "وقّع محمد الأحمد في 2026-11-29, 18:36 UTC على ab12cd34ef"
        said = text_of(
            pdf_paper.draw_paper(paper(), [Passage(text=mixed), Line(label="Person", value=mixed)]),
            tmp_path,
        )
        assert said.count("2026-11-29, 18:36 UTC") == 2
        assert said.count("ab12cd34ef") == 2
        assert said.count("محمد الأحمد") == 2

    def test_that_no_font_can_draw_says_so_with_code_points(self, tmp_path: Path) -> None:
        blocks = [Line(label="Person", value="Ana \U00012000")]
        said = text_of(
            pdf_paper.draw_paper(paper(), blocks, undrawn="Some letters are missing."), tmp_path
        )
        assert "Ana [U+12000]" in said
        assert "Some letters are missing." in said

    def test_keeps_selectors_of_a_letters_form_without_a_word_about_missing_letters(
        self, tmp_path: Path
    ) -> None:
        names = (
            "辻\U000e0100 龍", "葛\U000e0101城", "辻\U000e01ef", "♥\ufe0f Ana", "龍\ufe00",
        )  # fmt: skip
        blocks: list[Block] = [Line(label="Person", value=name) for name in names]
        said = text_of(
            pdf_paper.draw_paper(
                paper(), blocks, undrawn="Some letters are missing.", language="ja"
            ),
            tmp_path,
        )
        for name in names:
            assert f"Person: {name}" in said, ascii(name)
        assert "missing" not in said

    def test_draws_the_form_that_a_selector_chooses(self) -> None:
        usual, chosen = (_glyphs(text)[0] for text in ("辻さん", "辻\U000e0100さん"))
        assert usual[0] != chosen[0]
        assert usual[1:] == chosen[1:]

    @pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2067", "\x07", "\ufeff", "\u2028"])
    def test_is_not_turned_round_by_what_cannot_be_seen(self, tmp_path: Path, hidden: str) -> None:
        said = text_of(
            pdf_paper.draw_paper(paper(), [Line(label="Person", value=f"Ana{hidden}Example")]),
            tmp_path,
        )
        assert "Person: AnaExample" in said


class TestAPaper:
    def test_says_test_on_every_page_and_numbers_them(self, tmp_path: Path) -> None:
        blocks: list[Block] = [
            Heading(text="Many", level=1),
            *(Passage(text=f"Line {number}") for number in range(120)),
        ]
        said = text_of(pdf_paper.draw_paper(paper(banner="TEST DATA"), blocks), tmp_path)
        pages = said.count("TEST DATA") // 2  # at the head and at the foot
        assert pages >= 2
        assert f"Page {pages} / {pages}" in said

    def test_is_the_same_bytes_twice(self) -> None:
        blocks: list[Block] = [
            Line(label="Person", value="محمد"),
            Table(head=("A",), rows=[("山田",)], widths=(10,)),
        ]
        assert pdf_paper.draw_paper(paper(), blocks) == pdf_paper.draw_paper(paper(), blocks)

    @pytest.mark.parametrize(
        ("language", "country", "text", "font"),
        [
            ("ja", "", "直骨", "JP"),
            ("", "JP", "直骨", "JP"),
            ("zh-Hant", "", "直骨", "TC"),
            ("zh", "TW", "直骨", "TC"),
            ("ko", "", "直骨", "KR"),
            ("", "", "直骨", "SC"),
            ("", "", "直骨さん", "JP"),
        ],
    )
    def test_draws_han_in_the_forms_that_the_person_knows(
        self, language: str, country: str, text: str, font: str
    ) -> None:
        fonts = pdf_fonts.choose_letters([text], language=language, country=country).fonts
        assert any(cut.name.startswith(f"NotoSans{font}") for cut in fonts)


def _glyphs(text: str) -> tuple[list[int], list[int]]:
    """The glyphs that a text is drawn with, and those of its single letters in a row."""
    (cut,) = pdf_fonts.choose_letters([text]).fonts[1:]
    font = hb.Font(hb.Face(cut.data))
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer)
    cmap = TTFont(io.BytesIO(cut.data))
    return (
        [info.codepoint for info in buffer.glyph_infos],
        [
            cmap.getGlyphID(cmap.getBestCmap()[ord(one)])
            for one in text
            if not pdf_fonts.is_selector(one)
        ],
    )

"""Sentences: where a text may be cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import split_sentences
from engine.sentences import LONGEST


class TestSentences:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("One. Two! Three?", ("One.", "Two!", "Three?")),
            ("Dr. Grey came at 3.30 p.m. on Monday.", ("Dr. Grey came at 3.30 p.m. on Monday.",)),
            ("He said “no.” She left.", ("He said “no.”", "She left.")),
            ("Am 3. Mai war z.B. Ruhe. Dann nicht.", ("Am 3. Mai war z.B. Ruhe.", "Dann nicht.")),
            ("今日は晴れ。明日は雨。", ("今日は晴れ。", "明日は雨。")),
            ("A heading\n\nA paragraph", ("A heading", "A paragraph")),
            ("a\x00b\x07c", ("a b c",)),
            ("   ", ()),
            ("", ()),
        ],
    )
    def test_end_at_stops(self, text: str, parts: tuple[str, ...]) -> None:
        assert split_sentences(text) == parts

    @given(st.text(alphabet="ab .,!?;\n\"'。、É3", max_size=3000))
    def test_lose_nothing_but_white_space(self, text: str) -> None:
        parts = split_sentences(text)

        assert "".join("".join(parts).split()) == "".join(text.split())
        assert all(0 < len(part) <= LONGEST for part in parts)

    def test_of_one_endless_word_are_cut_anyway(self) -> None:
        assert [len(part) for part in split_sentences("x" * 1000)] == [400, 400, 200]

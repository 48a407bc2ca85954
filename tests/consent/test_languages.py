"""Languages: the measured table of cases, the API's examples, and what must never be covered."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules import languages
from consent.rules.languages import UnknownLanguage

TAGS = (
    "de",
    "de-AT",
    "en",
    "en-US",
    "zh-TW",
    "zh-Hant-HK",
    "cmn-CN",
    "he",
    "sr-RS",
    "pt-BR",
    "ar-EG",
    "de-1996",
    "fr-CA-x-a",
)
RANGES = (*TAGS, "zh-Hant", "zh", "*", "de-*-DE", "sr-Cyrl")


def covered(text: str, tag: str) -> bool:
    return languages.covers(languages.canonical_range(text), languages.canonical(tag))


class TestCovers:
    @pytest.mark.parametrize(
        ("text", "tag", "answer"),
        [
            ("de", "de-AT", True),
            ("de-AT", "de", False),
            ("en", "enm", False),  # a prefix, but another language
            ("de-*-DE", "de-Latn-DE", True),
            ("de-*-DE", "de-DE", True),
            ("de-*-DE", "de-AT", False),
            ("zh-TW", "zh-Hant-TW", True),
            ("zh-Hant-TW", "zh-TW", True),  # by the alias table
            ("zh-Hant", "zh-TW", True),  # by the alias table
            ("zh-Hant", "zh-CN", False),
            ("iw", "he", True),
            ("he", "iw", True),
            ("en_US", "en-US", True),
            ("cmn", "zh", True),  # by the alias table
            ("zh", "cmn-CN", True),  # by the alias table
            ("zh", "yue", False),
            ("pt-BR", "pt", False),  # wider than what was granted
            ("sr-Cyrl", "sr-RS", False),
            ("ar-XA", "ar", True),  # a provider's own code
            ("ar-XA", "fa", False),
            ("*", "ja", True),
            ("EN", "en-gb", True),
            ("en", "en-x-private", True),
            ("de-DE", "de-x-DE", False),  # behind a singleton nothing is a region
        ],
    )
    def test_answers_the_reviewed_table(self, text: str, tag: str, answer: bool) -> None:
        assert covered(text, tag) is answer

    @pytest.mark.parametrize(("text", "tag"), [("en-bbb", "en-a-bbb"), ("de-DE", "de-x-DE"), ("en-*-us", "en-u-us")])
    def test_looks_for_nothing_behind_a_singleton(self, text: str, tag: str) -> None:
        assert not languages.covers(text, tag)

    @given(st.sampled_from(TAGS))
    def test_lets_every_tag_cover_itself(self, tag: str) -> None:
        assert covered(tag, tag)

    @given(st.sampled_from(TAGS), st.sampled_from(TAGS))
    def test_never_crosses_languages(self, one: str, other: str) -> None:
        same = languages.canonical(one).split("-")[0] == languages.canonical(other).split("-")[0]
        assert same or not covered(one, other)

    @given(st.sampled_from(RANGES), st.sampled_from(RANGES), st.sampled_from(TAGS))
    def test_agrees_with_within(self, inner: str, outer: str, tag: str) -> None:
        narrow, wide = languages.canonical_range(inner), languages.canonical_range(outer)
        if languages.within(narrow, wide) and languages.covers(narrow, languages.canonical(tag)):
            assert languages.covers(wide, languages.canonical(tag))


class TestCanonical:
    @pytest.mark.parametrize(
        "tag",
        [
            "",
            "und",
            "mul",
            "zxx",
            "mis",
            "*",
            "en-*",
            "english",
            "xx",
            "qaa",
            "x-private",
            "e",
            "en-",
            "de--DE",
            "日本",
            "en\0",
            "a" * 65,
        ],
    )
    def test_refuses_what_names_no_specific_language(self, tag: str) -> None:
        with pytest.raises(UnknownLanguage):
            languages.canonical(tag)

    @given(st.text(max_size=70))
    def test_gives_a_tag_or_refuses_and_never_anything_else(self, text: str) -> None:
        for read in (languages.canonical, languages.canonical_range, languages.tidy):
            with contextlib.suppress(UnknownLanguage):
                assert read(read(text)) == read(text)

    @pytest.mark.parametrize("text", ["*-DE", "de-*-??", "**", "de-" + "*-" * 40])
    def test_refuses_ranges_without_a_language(self, text: str) -> None:
        with pytest.raises(UnknownLanguage):
            languages.canonical_range(text)

    def test_leaves_aliases_alone_where_people_read(self) -> None:
        assert (languages.tidy("zh_tw"), languages.canonical("zh_tw")) == ("zh-TW", "zh-Hant-TW")

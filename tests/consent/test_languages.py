"""Languages: the measured table of cases, the API's examples, and what must never be covered."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langcodes.data_dicts import MACROLANGUAGES

from consent.policy import languages
from consent.policy.languages import UnknownLanguage

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
    "hi-Latn",
    "nb",
    "nn-NO",
    "no",
    "es-MX",
    "es-419",
    "pbt",
    "en-150",
)
RANGES = (*TAGS, "zh-Hant", "zh", "*", "de-*-DE", "sr-Cyrl", "en-001", "es-019", "ps", "pbu", "es")


def covered(text: str, tag: str) -> bool:
    return languages.covers_language(
        languages.parse_language_range(text), languages.parse_language(tag)
    )


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
            ("en", "en-u-ca-buddhist", True),  # how dates are written, which no one hears
            ("no", "nb-NO", True),
            ("nb-NO", "no-NO", True),
            ("no", "nn", True),  # a reviewer wrote so
            ("nn", "no", False),
            ("nb", "nn", False),
            ("da", "nb", False),
            ("ps", "pbu", True),
            ("pbu", "ps", False),
            ("pbt", "pbu", False),
            ("et", "vro", False),
            ("sw", "swc", False),  # which CLDR writes sw-CD
            ("sw", "sw-swc", False),
            ("sw", "sw-CD", True),
            ("swc", "sw-swc-CD", True),
            ("sw", "sw-swh", True),
            ("fa", "prs-AF", False),
            ("prs", "fa-AF", False),
            ("prs", "prs-Arab-AF", True),
            ("pes", "prs", False),
            ("sr", "cnr", False),
            ("sr", "cnr-Latn-ME", False),
            ("cnr", "sr-ME", False),
            ("ar", "ar-arz", False),
            ("arz", "ar-arz-EG", True),
            ("ar", "ar-arb", True),
            ("ms", "ms-min", False),
            ("lv", "lv-ltg", False),
            ("zh", "zh-gan-Hans", False),
            ("swc", "sw", False),
            ("ar", "arz", False),
            ("ku", "ckb", False),
            # Members that CLDR writes as the whole, although none of them is the main one.
            ("hmn", "hmn", True),
            ("hmn", "hea", False),
            ("hea", "hmn", False),
            ("hea", "hea-CN", True),
            ("ff", "fuc", False),
            ("fuc", "ff-SN", False),
            ("oj", "ojg", False),
            ("cr", "cwd", False),
            ("syr", "cld", False),
            ("za", "zyb", True),
            ("es-419", "es-MX", True),
            ("es-419", "es-005", True),  # South America lies in Latin America
            ("es-419", "es-ES", False),
            ("es-419", "es", False),
            ("es-MX", "es-419", False),
            ("en-001", "en-AU", True),
            ("en-150", "en-SE", True),
            ("en-150", "en-US", False),
            ("es-Latn-419", "es-MX", True),
            ("hi", "hi-Latn", True),
            ("hi-Latn", "hi", False),
        ],
    )
    def test_answers_the_reviewed_table(self, text: str, tag: str, answer: bool) -> None:
        assert covered(text, tag) is answer

    @pytest.mark.parametrize(
        ("text", "tag"), [("en-bbb", "en-a-bbb"), ("de-DE", "de-x-DE"), ("en-*-us", "en-u-us")]
    )
    def test_looks_for_nothing_behind_a_singleton(self, text: str, tag: str) -> None:
        assert not languages.covers_language(text, tag)

    @given(st.sampled_from(TAGS))
    def test_lets_every_tag_cover_itself(self, tag: str) -> None:
        assert covered(tag, tag)

    @given(st.sampled_from(TAGS), st.sampled_from(TAGS))
    def test_never_crosses_languages_but_where_a_reviewer_wrote_so(
        self, one: str, other: str
    ) -> None:
        wide, narrow = (
            languages.parse_language_range(one).split("-")[0],
            languages.parse_language(other).split("-")[0],
        )
        macro = languages.MAIN_MEMBERS.get(wide, wide)
        reviewed = macro == narrow or narrow in languages.ALSO_COVERED.get(wide, ())
        assert reviewed or not covered(one, other)

    @given(st.sampled_from(RANGES), st.sampled_from(RANGES), st.sampled_from(RANGES))
    def test_lies_within_what_the_wider_of_a_wider_covers(
        self, one: str, two: str, three: str
    ) -> None:
        inner, middle, outer = (languages.parse_language_range(text) for text in (one, two, three))
        if languages.is_range_within(inner, middle) and languages.is_range_within(middle, outer):
            assert languages.is_range_within(inner, outer)

    @given(st.sampled_from(RANGES), st.sampled_from(RANGES), st.sampled_from(TAGS))
    def test_agrees_with_within(self, inner: str, outer: str, tag: str) -> None:
        narrow, wide = languages.parse_language_range(inner), languages.parse_language_range(outer)
        if languages.is_range_within(narrow, wide) and languages.covers_language(
            narrow, languages.parse_language(tag)
        ):
            assert languages.covers_language(wide, languages.parse_language(tag))


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
            "en-Cyrl",
            "en-Jpan",
            "ru-Latn",
            "en-Zxxx",
            "en-t-ja",
            "en-x-whisper",
            "en-ZZ",
            "en-XX",
            "zh-Hans-AA",
            "en-QO",
            "en-999",
            "en-u-ca-gregory-x-whisper",
            "en-a-bbb",
            "sla",  # all Slavic languages: no specific one
            "i-default",
        ],
    )
    def test_refuses_what_names_no_specific_language(self, tag: str) -> None:
        with pytest.raises(UnknownLanguage):
            languages.parse_language(tag)

    @pytest.mark.parametrize(
        ("tag", "one"),
        [
            ("hi-Latn", "hi-Latn"),
            ("sr-Latn", "sr-Latn"),
            ("ja-Latn", "ja-Latn"),
            ("zh-Latn", "zh-Latn"),
            ("ｅｎ-us", "en-US"),
            ("de-u-co-phonebk", "de"),
            ("cmn-Hans-CN", "zh-Hans-CN"),
            ("nb-Latn", "no"),
        ],
    )
    def test_has_one_spelling_for_what_can_be_heard(self, tag: str, one: str) -> None:
        assert languages.parse_language(tag) == one

    @given(st.text(max_size=70))
    def test_gives_a_tag_or_refuses_and_never_anything_else(self, text: str) -> None:
        for read in (
            languages.parse_language,
            languages.parse_language_range,
            languages.tidy_language_range,
        ):
            with contextlib.suppress(UnknownLanguage):
                assert read(read(text)) == read(text)

    @pytest.mark.parametrize("text", ["*-DE", "de-*-??", "**", "de-" + "*-" * 40])
    def test_refuses_ranges_without_a_language(self, text: str) -> None:
        with pytest.raises(UnknownLanguage):
            languages.parse_language_range(text)

    def test_leaves_aliases_alone_where_people_read(self) -> None:
        assert (languages.tidy_language_range("zh_tw"), languages.parse_language("zh_tw")) == (
            "zh-TW",
            "zh-Hant-TW",
        )


class TestMacroLanguages:
    """ISO 639-3 has 62; the registry that langcodes carries says so, and this file answers for
    each.
    """

    @pytest.mark.parametrize("macro", sorted(set(MACROLANGUAGES.values())))
    def test_are_each_reviewed(self, macro: str) -> None:
        assert macro in {*languages.MAIN_MEMBERS.values(), *languages.WITHOUT_MAIN_MEMBER}

    @pytest.mark.parametrize(("member", "macro"), sorted(languages.MAIN_MEMBERS.items()))
    def test_and_their_main_members_cover_each_other(self, member: str, macro: str) -> None:
        assert MACROLANGUAGES[member] == macro
        assert covered(macro, member)
        assert covered(member, macro)

    @pytest.mark.parametrize(
        ("member", "macro"),
        [
            (member, macro)
            for member, macro in sorted(MACROLANGUAGES.items())
            if languages.MAIN_MEMBERS.get(member) != macro
            and macro != "sh"  # which CLDR writes sr-Latn
        ],
    )
    def test_are_covered_by_no_other_member_and_cover_none_without_a_review(
        self, member: str, macro: str
    ) -> None:
        try:
            canonical = languages.parse_language(member)
        except UnknownLanguage:
            return
        assert canonical.partition("-")[0] != macro
        assert covered(macro, member) is (member in languages.ALSO_COVERED.get(macro, ()))
        assert not covered(member, macro)

    def test_let_none_of_their_members_cover_another(self) -> None:
        mains = {macro: member for member, macro in languages.MAIN_MEMBERS.items()}
        for macro, others in languages.ALSO_COVERED.items():
            for one, other in itertools.permutations({mains[macro], *others}, 2):
                assert not covered(one, other)

    def test_give_a_written_reason_for_each_alias_and_each_without_one(self) -> None:
        entries = [languages._TABLE[name].values() for name in ("languages", "kept_apart")]
        reasons = [entry["because"] for entry in itertools.chain(*entries)]
        reasons += languages._TABLE["no_main_member"].values()
        assert all(len(reason) > 20 for reason in reasons)
        assert len(reasons) > 60

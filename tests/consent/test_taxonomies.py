"""Use cases, channels and territories: closed lists, and what covers what."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.policy import channels, territories, use_cases

TODAY = date(2026, 11, 21)
codes = st.sampled_from(sorted(use_cases.CODES))
places = st.sampled_from(["DE", "FR", "NO", "US", "US-CA", "CH", "EU", "EEA", "*"])


class TestUseCases:
    def test_let_a_parent_cover_its_children(self) -> None:
        assert use_cases.covers_use_case("entertainment", "entertainment.audiobook")

    def test_never_let_a_child_cover_its_parent(self) -> None:
        assert not use_cases.covers_use_case("entertainment.audiobook", "entertainment")

    @pytest.mark.parametrize("code", ["advertising.endorsement", "model.train"])
    def test_want_some_ticked_by_name(self, code: str) -> None:
        assert not use_cases.covers_use_case(code.partition(".")[0], code)
        assert use_cases.covers_use_case(code, code)

    @given(codes, codes)
    def test_never_cross_branches(self, granted: str, asked: str) -> None:
        same = granted.partition(".")[0] == asked.partition(".")[0]
        assert same or not use_cases.covers_use_case(granted, asked)

    @pytest.mark.parametrize(
        ("code", "level"),
        [
            ("research", 1),
            ("advertising", 2),
            ("advertising.promo", 2),
            ("political.issue", 2),
            ("model.train", 2),
            ("sublicense", 2),
        ],
    )
    def test_have_the_published_minimum_levels(self, code: str, level: int) -> None:
        assert use_cases.get_minimum_level(code, {}) == level

    def test_levels_are_raised_by_policy_and_never_lowered(self) -> None:
        assert use_cases.get_minimum_level("agent.ivr", {"agent": 3}) == 3
        assert use_cases.get_minimum_level("advertising", {"advertising": 1, "*": 0}) == 2

    @given(codes)
    def test_cover_themselves_but_for_parents_of_what_is_ticked_apart(self, code: str) -> None:
        too_wide = {parent.partition(".")[0] for parent in use_cases.ASKED_APART}
        assert use_cases.covers_use_case(code, code) is (code not in too_wide)
        assert use_cases.is_use_case_within(code, code)

    @given(codes, codes, codes)
    def test_lie_within_whatever_holds_what_they_lie_within(
        self, one: str, two: str, three: str
    ) -> None:
        if use_cases.is_use_case_within(one, two) and use_cases.is_use_case_within(two, three):
            assert use_cases.is_use_case_within(one, three)

    @given(codes)
    def test_all_have_a_purpose_for_the_record(self, code: str) -> None:
        assert use_cases.use_case_to_dpv(code).startswith("https://w3id.org/dpv#")


class TestTerritories:
    @pytest.mark.parametrize(
        ("granted", "asked", "answer"),
        [
            (["*"], None, True),
            (["DE"], None, False),  # a call that names none goes everywhere
            (["DE"], "*", False),
            (["EU"], "FR", True),
            (["EU"], "NO", False),
            (["EEA"], "NO", True),
            (["EEA"], "EU", True),
            (["EU"], "EEA", False),
            (["US"], "US-CA", True),
            (["US-CA"], "US", False),
            (["EU"], "GB", False),  # since 2020-02-01
        ],
    )
    def test_cover_what_was_granted(
        self, granted: list[str], asked: str | None, answer: bool
    ) -> None:
        assert territories.covers_territory(granted, asked, on=TODAY) is answer

    def test_know_no_union_before_its_first_dated_row(self) -> None:
        assert not territories.covers_territory(["EU"], "FR", on=date(2019, 1, 1))
        assert not territories.covers_territory(["DE"], "EU", on=date(2019, 1, 1))

    @given(st.lists(places, min_size=1, max_size=4), st.lists(places, max_size=3), places)
    def test_granting_more_never_covers_less(
        self, granted: list[str], more: list[str], asked: str
    ) -> None:
        if territories.covers_territory(granted, asked, on=TODAY):
            assert territories.covers_territory([*granted, *more], asked, on=TODAY)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("uk", "GB"),
            ("el", "GR"),
            ("us-ca", "US-CA"),
            ("eu", "EU"),
            ("CHN", "CN"),
            ("156", "CN"),
            ("cn_bj", "CN-BJ"),
            ("CN-11", "CN-BJ"),
            ("US-PR", "PR"),
            ("CN-HK", "HK"),
            ("ＣＮ", "CN"),
            (" de ", "DE"),
        ],
    )
    def test_have_one_spelling(self, text: str, code: str) -> None:
        assert territories.parse_territory(text) == code

    @pytest.mark.parametrize(
        "text", ["", "Mars", "ZZ", "XK", "US-ZZ", "EU-FR", "001", "419", "СN", "C N", "DE " * 20]
    )
    def test_that_are_none_are_refused(self, text: str) -> None:
        with pytest.raises(territories.UnknownTerritory):
            territories.parse_territory(text)

    @given(places, places)
    def test_overlap_either_way_and_always_where_one_covers_the_other(
        self, one: str, other: str
    ) -> None:
        assert territories.has_overlap(one, other) is territories.has_overlap(other, one)
        if territories.covers_territory([one], other, on=TODAY):
            assert territories.has_overlap(one, other)

    @given(places, places, places)
    def test_cover_what_is_covered_by_what_they_cover(self, one: str, two: str, three: str) -> None:
        if territories.covers_territory([one], two, on=TODAY) and territories.covers_territory(
            [two], three, on=TODAY
        ):
            assert territories.covers_territory([one], three, on=TODAY)

    @given(st.text(max_size=20))
    def test_read_any_text_or_refuse_it(self, text: str) -> None:
        with contextlib.suppress(territories.UnknownTerritory):
            assert territories.parse_territory(
                territories.parse_territory(text)
            ) == territories.parse_territory(text)

    def test_are_249_countries(self) -> None:
        assert len(territories.COUNTRIES) == 249
        assert len(territories.list_union_members("EU", TODAY)) == 27


class TestChannels:
    @pytest.mark.parametrize(
        ("text", "code"), [("in-store", "in_store"), ("Phone", "telephone"), ("*", "*")]
    )
    def test_have_one_spelling(self, text: str, code: str) -> None:
        assert channels.parse_channel(text) == code

    def test_refuse_what_no_one_could_explain_to_the_signer(self) -> None:
        with pytest.raises(channels.UnknownChannel):
            channels.parse_channel("everything")

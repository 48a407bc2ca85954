"""The verifier's rules are those of the gate, written a second time: no code may tell them
apart.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from consent.policy import actions, languages, providers, territories, use_cases
from provenance.verifier import provider_coverage, scope_coverage

TODAY, BEFORE = date(2026, 11, 21), date(2019, 1, 1)
RANGES = (
    "*", "en", "en-GB", "en-*-GB", "de-DE", "no", "nb", "nn", "zh", "cmn", "zh-Hant", "zh-TW",
    "yue", "es-419", "es-150", "pt-BR", "ps", "pbu", "pbt", "sr-Latn", "et", "ekk", "ms", "zsm",
    "ar-XA", "fa", "pes", "en-001",
)  # fmt: skip
PLACES = ("*", "EU", "EEA", "DE", "NO", "CH", "US", "US-CA", "DE-BY", "GB", "FR")


def scope(**changes: Any) -> dict[str, Any]:
    given = {
        "actions": ["synthesize"], "use_case": "agent", "languages": ["*"], "channels": ["*"],
        "territories": ["*"], "exclusions": [], "sensitive_content": [],
    }  # fmt: skip
    return {**given, **changes}


def ask(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "action": "synthesize", "use_case": "agent", "language": "en", "channel": None,
        "territory": None, "labels": [],
    }  # fmt: skip
    return {**given, **changes}


class TestTables:
    def test_are_those_of_the_gate(self) -> None:
        assert scope_coverage.MACRO_OF == languages.MAIN_MEMBERS
        assert {
            language: set(others) for language, others in scope_coverage.ALSO_COVERED.items()
        } == {language: set(others) for language, others in languages.ALSO_COVERED.items()}
        assert {
            region: scope_coverage._list_region_parts(region) | {region}
            for region in scope_coverage.REGIONS
        } == languages.REGIONS
        assert {
            name: territories.list_union_members(name, TODAY) for name in territories.UNIONS
        } == scope_coverage.UNIONS
        assert set(scope_coverage.ASKED_APART) == use_cases.ASKED_APART
        assert set(scope_coverage.SENSITIVE) == use_cases.SENSITIVE_LABELS
        assert set(provider_coverage.AT_A_PROVIDER) == actions.NEED_PROVIDER
        assert provider_coverage.ONLY_PROVIDER == providers.LOCAL


class TestLanguages:
    def test_cover_what_the_gate_covers_and_nothing_else(self) -> None:
        tags = sorted(
            {languages.parse_language(tag) for tag in RANGES if "*" not in tag}
            | {"en-US", "es-MX", "es-ES", "nn"}
        )
        for held in RANGES:
            for tag in tags:
                gate = languages.any_range_covers((languages.parse_language_range(held),), tag)
                assert scope_coverage.is_language_covered([held], tag) == gate, (held, tag)


class TestTerritories:
    @pytest.mark.parametrize("on", [TODAY, BEFORE])
    def test_cover_what_the_gate_covers_and_nothing_else(self, on: date) -> None:
        for held in (
            *[[one] for one in PLACES],
            ["EU", "NO"],
            ["DE", "FR"],
            sorted(territories.list_union_members("EU", TODAY)),
        ):
            for place in (*PLACES, None):
                missing = scope_coverage.list_uncovered_fields(
                    scope(territories=held), ask(territory=place), on
                )
                assert ("territory" not in missing) == territories.covers_territory(
                    held, place, on=on
                ), (held, place)


class TestUseCases:
    def test_cover_what_the_gate_covers_and_nothing_else(self) -> None:
        for held in sorted(use_cases.CODES):
            for asked in sorted(use_cases.CODES):
                missing = scope_coverage.list_uncovered_fields(
                    scope(use_case=held), ask(use_case=asked), TODAY
                )
                assert ("use_case" not in missing) == use_cases.covers_use_case(held, asked), (
                    held,
                    asked,
                )

    def test_are_excluded_as_the_gate_excludes_them(self) -> None:
        for excluded in sorted(use_cases.EXCLUDABLE):
            for asked in sorted(use_cases.CODES):
                missing = scope_coverage.list_uncovered_fields(
                    scope(exclusions=[excluded]), ask(use_case=asked), TODAY
                )
                assert ("exclusions" in missing) == (
                    excluded in use_cases.list_excluding_codes(asked)
                ), (excluded, asked)


class TestLabels:
    def test_are_excluded_as_the_gate_excludes_them(self) -> None:
        for excluded in sorted(use_cases.EXCLUDABLE):
            for label in sorted(use_cases.EXCLUDABLE):
                missing = scope_coverage.list_uncovered_fields(
                    scope(exclusions=[excluded]), ask(use_case=None, labels=[label]), TODAY
                )
                assert ("exclusions" in missing) == (
                    excluded in use_cases.list_excluding_codes(label)
                ), (excluded, label)

    def test_need_the_kinds_that_the_gate_needs(self) -> None:
        for label in sorted(use_cases.EXCLUDABLE):
            kinds = use_cases.list_sensitive_kinds(label)
            for agreed in ([], sorted(kinds), sorted(use_cases.SENSITIVE_LABELS)):
                missing = scope_coverage.list_uncovered_fields(
                    scope(sensitive_content=agreed), ask(labels=[label]), TODAY
                )
                assert ("labels" not in missing) == (kinds <= set(agreed)), (label, agreed)

    def test_that_are_unsure_are_never_covered(self) -> None:
        assert "labels" in scope_coverage.list_uncovered_fields(
            scope(), ask(labels=["unsure"]), TODAY
        )


class TestActs:
    def test_that_publish_have_to_name_use_and_language(self) -> None:
        assert scope_coverage.list_uncovered_fields(
            scope(), ask(use_case=None, language=None), TODAY
        ) == ["use_case", "language"]
        assert (
            scope_coverage.list_uncovered_fields(
                scope(actions=["clone"]), ask(action="clone", use_case=None, language=None), TODAY
            )
            == []
        )

    def test_that_were_not_agreed_to_are_not_covered(self) -> None:
        assert scope_coverage.list_uncovered_fields(scope(), ask(action="train"), TODAY) == [
            "action"
        ]

    def test_through_another_channel_are_not_covered(self) -> None:
        assert scope_coverage.list_uncovered_fields(
            scope(channels=["web"]), ask(channel="phone"), TODAY
        ) == ["channel"]
        assert scope_coverage.list_uncovered_fields(
            scope(channels=["web"]), ask(channel=None), TODAY
        ) == ["channel"]

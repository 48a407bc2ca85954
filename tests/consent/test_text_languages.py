"""The policy on what was found in a text: a plain mismatch, a doubt, parts in other languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consent.denial_messages import explain_reason
from consent.gate_policy import refuses_doubtful_text
from consent.policy import evaluate
from consent.policy.text_findings import TextFinding
from consent.policy.types import PolicyContext, Reason
from tests.conftest import NOON
from tests.consent.test_policy import ASK, CONSENT, GRANT

MISMATCH = TextFinding(fit="mismatch", languages=("es",))
DOUBT = TextFinding(fit="doubt", languages=("nl",))


def judge(found: TextFinding, *ranges: str, **facts: Any) -> list[Reason]:
    """The reasons against a German call whose text was judged, under a grant for these ranges."""
    consent = replace(CONSENT, grants=(replace(GRANT, languages=ranges, spelt=ranges),))
    known = PolicyContext(at=NOON, consent=consent, **facts)
    return list(evaluate.evaluate_request(replace(ASK, text=found), known).reasons)


def codes(*args: Any, **facts: Any) -> list[tuple[str, Any]]:
    return [(one.code, one.required) for one in judge(*args, **facts)]


class TestAPlainMismatch:
    @pytest.mark.parametrize("ranges", [("de-DE",), ("de-DE", "es"), ("*",)])
    def test_is_refused_also_where_the_consent_covers_what_was_found(
        self, ranges: tuple[str, ...]
    ) -> None:
        (reason,) = judge(MISMATCH, *ranges)

        assert (reason.code, reason.required, reason.granted) == ("language_mismatch", "es", ranges)

    def test_is_told_with_every_language(self) -> None:
        found = TextFinding(fit="mismatch", languages=("es", "fr"))

        assert codes(found, "de") == [("language_mismatch", "es"), ("language_mismatch", "fr")]

    def test_is_no_matter_of_the_organisations_policy(self) -> None:
        assert codes(MISMATCH, "de", refuses_doubtful_text=False) == [("language_mismatch", "es")]


class TestADoubt:
    def test_is_allowed(self) -> None:
        assert codes(DOUBT, "de") == []

    def test_is_refused_where_the_organisation_wants_it(self) -> None:
        assert codes(DOUBT, "de", refuses_doubtful_text=True) == [("language_mismatch", "nl")]

    @pytest.mark.parametrize(
        ("policy", "refuses"),
        [
            ({}, False),
            ({"doubtful_language": "allow"}, False),
            ({"doubtful_language": "refuse"}, True),
            ({"doubtful_language": "no such word"}, True),
            ({"doubtful_language": None}, True),
        ],
    )
    def test_is_refused_by_an_entry_that_cannot_be_read(
        self, policy: dict[str, Any], *, refuses: bool
    ) -> None:
        assert refuses_doubtful_text(policy) is refuses


class TestTooLittle:
    @pytest.mark.parametrize("refuses", [True, False])
    def test_is_no_doubt(self, *, refuses: bool) -> None:
        found = TextFinding(fit="too_short")

        assert codes(found, "de", refuses_doubtful_text=refuses) == []


class TestSeveralLanguages:
    @pytest.mark.parametrize(
        ("ranges", "missing"),
        [
            (("de",), ["es", "fr"]),
            (("de", "es"), ["fr"]),
            (("de", "es-MX", "fr-CA"), []),
            (("*",), []),
        ],
    )
    def test_must_each_be_covered(self, ranges: tuple[str, ...], missing: list[str]) -> None:
        found = TextFinding(fit="several", languages=("es", "fr"))

        assert codes(found, *ranges) == [("language_not_covered", one) for one in missing]

    @pytest.mark.parametrize(("granted", "found"), [("yue", "zh"), ("arz", "ar"), ("nb", "no")])
    def test_of_one_macro_language_are_covered_together(self, granted: str, found: str) -> None:
        assert codes(TextFinding(fit="several", languages=(found,)), "de", granted) == []


class TestAFinding:
    @pytest.mark.parametrize("fit", ["mismatch", "several", "no such fit"])
    def test_that_says_nothing_is_no_finding(self, fit: Any) -> None:
        with pytest.raises(ValueError, match="finding"):
            TextFinding(fit=fit)

    def test_is_the_same_after_it_was_stored(self) -> None:
        assert TextFinding.from_json(DOUBT.to_json()) == DOUBT
        assert TextFinding.from_json(None) is None


class TestTheSentences:
    def test_name_what_was_found_and_what_is_covered(self) -> None:
        (reason,) = judge(MISMATCH, "de-DE")

        assert explain_reason(reason).detail == (
            "The text plainly is in another language than the call names. It reads as Spanish (es)."
            " The consent covers de-DE."
        )

    def test_name_the_policy_that_refuses_a_doubt(self) -> None:
        (reason,) = judge(DOUBT, "de", refuses_doubtful_text=True)

        assert "your organisation's policy refuses" in explain_reason(reason).detail
        assert "Dutch (nl)" in explain_reason(reason).detail

    def test_say_that_it_is_a_part(self) -> None:
        (reason,) = judge(TextFinding(fit="several", languages=("es",)), "de")

        assert explain_reason(reason).detail == (
            "A part of the text is in another language. Spanish (es) was not agreed to. "
            "The consent covers de."
        )

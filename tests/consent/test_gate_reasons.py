"""A reason of the gate is one row of a table: everything that tells of reasons reads it there."""

from __future__ import annotations

import ast

import pytest
from rest_framework.serializers import ChoiceField

from config import error_codes, error_remedies
from consent import denial_messages
from consent.api.serializers.decision_serializers import RefusalReasonSerializer
from consent.policy.reasons import GATE_REASONS
from consent.policy.types import Reason
from tests.architecture import source
from tests.support.api_operations import document

TABLE = "consent/policy/reasons.py"
SENTENCES = "consent/denial_messages.py"
VOICE_NAMES = "proxies/magic_voices.py"
"""Its keys are ids of voices. Two are spelt as the reason that they give."""
ALSO_FIELDS = {"language_unknown", "use_case_unknown"}
"""Codes that a fault of a field has, too."""


def dict_keys() -> dict[str, set[str]]:
    """Every text that is a key of a literal dictionary, by file."""
    return {
        source.name(path): {
            key.value
            for node in ast.walk(source.tree(path))
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        for path in source.files()
    }


class TestAReason:
    def test_is_known_to_everything_that_tells_of_it(self) -> None:
        documented = document()["components"]["schemas"]["RefusalReason"]["properties"]["code"]
        choices = RefusalReasonSerializer().fields["code"]
        assert isinstance(choices, ChoiceField)
        assert list(choices.choices) == list(GATE_REASONS)
        assert document_codes(documented) == set(GATE_REASONS)
        assert list(error_codes.REASONS) == list(GATE_REASONS)
        for code, row in GATE_REASONS.items():
            assert error_codes.REASONS[code] == row.meaning
            assert error_remedies.REMEDIES[code] == row.remedy

    def test_stands_in_no_other_table(self) -> None:
        elsewhere = {
            name: keys & set(GATE_REASONS) - ALSO_FIELDS
            for name, keys in dict_keys().items()
            if name not in {TABLE, SENTENCES, VOICE_NAMES}
        }
        # One alone may be a word of something else, such as the `hold` of a log entry.
        assert {name: found for name, found in elsewhere.items() if len(found) > 1} == {}

    def test_has_a_sentence_of_its_own_only_when_it_has_a_row(self) -> None:
        assert set(denial_messages.SENTENCES) <= set(GATE_REASONS)

    def test_without_a_row_cannot_be_raised(self) -> None:
        with pytest.raises(ValueError, match="no row"):
            Reason(code="moon_not_covered", detail="The moon was not agreed to.")

    @pytest.mark.parametrize("code", GATE_REASONS)
    def test_is_told_in_whole_sentences(self, code: str) -> None:
        row = GATE_REASONS[code]
        assert row.code == code
        assert all(text[0].isupper() and text.endswith(".") for text in (row.meaning, row.remedy))


def document_codes(schema: dict[str, object]) -> set[str]:
    """The codes that the OpenAPI document lists, in place or by reference."""
    if "enum" in schema:
        return set(schema["enum"])  # type: ignore[call-overload,no-any-return]  # a list of texts
    name = str(schema["$ref"]).rpartition("/")[2]
    return set(document()["components"]["schemas"][name]["enum"])

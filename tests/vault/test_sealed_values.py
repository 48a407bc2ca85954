"""Sealed values and blind indexes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.canonical_json import Json
from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import sealed_values, subject_keys
from vault.errors import KeyDestroyed, Tampered

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
).filter(lambda value: "\\ud" not in ascii(value))  # lone surrogates have no UTF-8


class TestSeal:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(JSON)
    def test_comes_back_exactly_as_it_went_in(self, make_subject: MakeSubject, value: Json) -> None:
        subject = make_subject()
        assert (
            sealed_values.unseal(subject, "name", sealed_values.seal(subject, "name", value))
            == value
        )

    def test_shows_nothing_of_the_value(self, make_subject: MakeSubject) -> None:
        assert b"Ada Lovelace" not in sealed_values.seal(make_subject(), "name", "Ada Lovelace")

    def test_seals_the_same_value_differently_each_time(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        assert sealed_values.seal(subject, "name", "Ada") != sealed_values.seal(
            subject, "name", "Ada"
        )

    def test_refuses_values_that_are_not_json(self, make_subject: MakeSubject) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            sealed_values.seal(make_subject(), "name", float("nan"))


class TestUnseal:
    def test_opens_in_its_own_context_only(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        with pytest.raises(Tampered):
            sealed_values.unseal(subject, "email", sealed_values.seal(subject, "name", "Ada"))

    def test_opens_with_its_own_subject_only(self, make_subject: MakeSubject) -> None:
        with pytest.raises(Tampered):
            sealed_values.unseal(
                make_subject(), "name", sealed_values.seal(make_subject(), "name", "Ada")
            )

    @pytest.mark.parametrize("at", [0, 1, 12, 13, 20, -1])
    def test_refuses_a_changed_byte(self, make_subject: MakeSubject, at: int) -> None:
        subject = make_subject()
        forged = bytearray(sealed_values.seal(subject, "name", "Ada Lovelace"))
        forged[at] ^= 1
        with pytest.raises(Tampered):
            sealed_values.unseal(subject, "name", bytes(forged))

    @pytest.mark.parametrize("length", [0, 1, 13, 28])
    def test_refuses_a_cut_value(self, make_subject: MakeSubject, length: int) -> None:
        subject = make_subject()
        with pytest.raises(Tampered):
            sealed_values.unseal(
                subject, "name", sealed_values.seal(subject, "name", "Ada")[:length]
            )

    def test_opens_nothing_of_an_erased_subject(
        self, make_subject: MakeSubject, erase: Callable[[str], subject_keys.Destruction]
    ) -> None:
        subject = make_subject()
        sealed = sealed_values.seal(subject, "name", "Ada")
        erase(subject)
        with pytest.raises(KeyDestroyed):
            sealed_values.unseal(subject, "name", sealed)


class TestBlindIndex:
    @pytest.mark.parametrize("other", ["ADA@example.org", "  ada@example.org ", "ａda@example.org"])
    def test_finds_a_value_however_it_is_written(self, db: None, other: str) -> None:
        known = sealed_values.blind_index("org_acme", "ada@example.org", at=NOON)
        assert sealed_values.blind_index("org_acme", other, at=NOON) == known

    def test_tells_values_apart(self, db: None) -> None:
        known = sealed_values.blind_index("org_acme", "ada@example.org", at=NOON)
        assert sealed_values.blind_index("org_acme", "bob@example.org", at=NOON) != known

    def test_cannot_be_compared_between_organisations(self, db: None) -> None:
        known = sealed_values.blind_index("org_acme", "ada@example.org", at=NOON)
        assert sealed_values.blind_index("org_bolt", "ada@example.org", at=NOON) != known

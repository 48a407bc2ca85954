"""Keys that one transaction opens: each once, and none afterwards."""

from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import opened_keys, subject_keys
from vault.errors import KeyDestroyed


def test_a_key_is_read_once(
    make_subject: MakeSubject, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ana, ben = make_subject(), make_subject()

    with transaction.atomic(), opened_keys.open_keys_once(), django_assert_num_queries(2):
        keys = [subject_keys.derive_key(who, what) for who in (ana, ben, ana) for what in "xy"]

    assert keys == [subject_keys.derive_key(who, what) for who in (ana, ben, ana) for what in "xy"]


def test_no_key_outlives_the_context(make_subject: MakeSubject) -> None:
    subject = make_subject()
    with transaction.atomic(), opened_keys.open_keys_once():
        subject_keys.derive_key(subject, "x")

    with transaction.atomic():
        subject_keys.destroy_key(subject, at=NOON)

    with pytest.raises(KeyDestroyed), transaction.atomic(), opened_keys.open_keys_once():
        subject_keys.derive_key(subject, "x")


def test_a_key_that_is_open_already_is_recorded(make_subject: MakeSubject) -> None:
    subject = make_subject()
    with transaction.atomic(), opened_keys.open_keys_once():
        subject_keys.derive_key(subject, "x")
        with opened_keys.record_opened_subjects() as recorded:
            subject_keys.derive_key(subject, "y")

    assert recorded == {subject}


@pytest.mark.django_db(transaction=True)
def test_it_wants_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), opened_keys.open_keys_once():
        pass

"""Queries whose SQL is made once: they find what Django's own query finds."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from core.compiled_queries import CompiledQuery
from tests.conftest import NOON
from vault import key_rotation, subject_keys
from vault.models import Subject

pytestmark = pytest.mark.django_db

BY_ID = CompiledQuery(
    lambda subject: Subject.objects.select_related("kek").filter(id=subject), texts=1
)
BY_OWNER = CompiledQuery(lambda owner: Subject.objects.filter(organisation_id=owner), texts=1)


def make_subject(owner: str = "org_a") -> str:
    return subject_keys.create_subject(kind="person", organisation_id=owner, at=NOON)


def values_of(row: Subject) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in Subject._meta.concrete_fields}


class TestACompiledQuery:
    def test_finds_the_same_row_with_the_same_values(self) -> None:
        for subject in (make_subject(), make_subject()):
            found = BY_ID.find_first(subject)

            assert found is not None
            assert values_of(found) == values_of(Subject.objects.get(id=subject))

    def test_brings_what_select_related_names(self) -> None:
        subject = make_subject()
        with CaptureQueriesContext(connection) as sent:
            found = BY_ID.find_first(subject)
            assert found is not None
            assert found.kek == key_rotation.get_current_kek(at=NOON)

        assert len([query for query in sent if '"vault_subject"' in query["sql"]]) == 1

    def test_brings_what_annotate_adds(self) -> None:
        made = make_subject()
        counted = CompiledQuery(
            lambda subject: Subject.objects.annotate(
                is_alone=~Exists(Subject.objects.exclude(id=OuterRef("id")))
            ).filter(id=subject),
            texts=1,
        )

        alone = counted.find_first(made)
        make_subject()
        among_others = counted.find_first(made)

        assert (getattr(alone, "is_alone", None), getattr(among_others, "is_alone", None)) == (
            True,
            False,
        )

    def test_finds_the_first_by_the_primary_key(self) -> None:
        made = {make_subject("org_b") for _ in range(5)}
        found = BY_OWNER.find_first("org_b")
        assert found is not None
        assert found.id == min(made)

    def test_finds_all_of_them(self) -> None:
        made = {make_subject("org_b") for _ in range(5)}
        make_subject("org_a")

        assert {found.id for found in BY_OWNER.find_all("org_b")} == made
        assert BY_OWNER.find_all("org_c") == []

    @pytest.mark.parametrize("text", ["", "sub_x", "%s", "' OR 1=1 --", "text 0"])
    def test_finds_nothing_for_what_no_row_has(self, text: str) -> None:
        make_subject()
        assert BY_ID.find_first(text) is None

    def test_gives_rows_that_can_be_changed(self) -> None:
        subject = make_subject()
        found = BY_ID.find_first(subject)
        assert found is not None
        found.organisation_id = "org_c"
        found.save(update_fields=["organisation_id"])
        assert Subject.objects.get(id=subject).organisation_id == "org_c"

    def test_takes_as_many_texts_as_it_was_made_for(self) -> None:
        with pytest.raises(ValueError, match="takes 1 texts, not 2"):
            BY_ID.find_first("a", "b")

    def test_takes_no_locks(self) -> None:
        locking = CompiledQuery(
            lambda each: Subject.objects.select_for_update().filter(id=each), texts=1
        )
        with pytest.raises(ValueError, match="no locks"):
            locking.find_first("a")

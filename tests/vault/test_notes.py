"""Callers' notes: sealed under everyone whom the row concerns, found by a keyed hash, gone with
the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from accounts.models import Organisation
from consent.models import Speaker
from core import ids
from core.caller_notes import Noted, Notes
from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import sealed_notes, subject_keys
from vault.errors import Tampered

WRITTEN = Notes(
    external_id="Zwölfender-7",
    metadata={"narrator": "Hildegard Zwölfender"},
    client_reference="Z/1",
)


def kept(written: Notes, subjects: Collection[str], *, organisation_id: str = "org_acme") -> Noted:
    """A row that has these notes, never saved."""
    row_id = ids.new("spk")
    columns = sealed_notes.seal_notes(
        written, subjects=subjects, row_id=row_id, organisation_id=organisation_id, at=NOON
    )
    return Speaker(id=row_id, **columns)


def index(
    value: str, *, field: sealed_notes.Field = "external_id", organisation_id: str = "org_acme"
) -> str:
    return sealed_notes.index_note(field, value, organisation_id=organisation_id, at=NOON)


class TestSealing:
    def test_gives_back_what_was_written(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        assert sealed_notes.open_notes(kept(WRITTEN, {subject}), subjects={subject}) == WRITTEN

    def test_holds_none_of_the_words(self, make_subject: MakeSubject) -> None:
        row = kept(WRITTEN, {make_subject()})
        held = bytes(row.sealed_notes or b"") + row.external_index.encode()
        assert not any(word in held for word in (b"Zw", b"Hildegard", b"narrator"))

    def test_takes_no_room_where_nothing_was_written(self, make_subject: MakeSubject) -> None:
        row = kept(Notes(), {make_subject()})
        assert (row.sealed_notes, row.external_index) == (None, "")

    def test_opens_nothing_once_the_person_is_erased(
        self, make_subject: MakeSubject, erase: Callable[[str], subject_keys.Destruction]
    ) -> None:
        subject = make_subject()
        row = kept(WRITTEN, {subject})
        erase(subject)
        assert sealed_notes.open_notes(row, subjects={subject}) == Notes()

    def test_of_several_people_opens_nothing_once_one_of_them_is_erased(
        self, make_subject: MakeSubject, erase: Callable[[str], subject_keys.Destruction]
    ) -> None:
        people = {make_subject(), make_subject(), make_subject()}
        row = kept(WRITTEN, people)
        assert sealed_notes.open_notes(row, subjects=people) == WRITTEN

        gone, *left = sorted(people)
        erase(gone)
        assert sealed_notes.open_notes(row, subjects=people) == Notes()
        with pytest.raises(Tampered):
            sealed_notes.open_notes(row, subjects=left)

    def test_moved_to_another_row_do_not_open(self, make_subject: MakeSubject) -> None:
        subject = make_subject()
        row = kept(WRITTEN, {subject})
        row.pk = ids.new("spk")
        with pytest.raises(Tampered):
            sealed_notes.open_notes(row, subjects={subject})


@pytest.mark.django_db
class TestIndex:
    def test_is_the_same_for_the_same_value_however_it_is_composed(self) -> None:
        assert index("Zwo\u0308lf") == index("Zwölf")

    @pytest.mark.parametrize("other", ["zwölf", "Zwölf ", "Zwolf", "Zwölf1"])
    def test_tells_every_other_value_apart(self, other: str) -> None:
        assert index(other) != index("Zwölf")

    def test_tells_organisations_and_fields_apart(self) -> None:
        hashes = {
            index("a"),
            index("a", organisation_id="org_bolt"),
            index("a", field="client_reference"),
        }
        assert len(hashes) == 3

    def test_of_nothing_is_nothing(self) -> None:
        assert index("") == ""


class TestMatching:
    def test_finds_the_row_by_its_whole_value_alone(
        self, acme: Organisation, make_subject: MakeSubject
    ) -> None:
        row = kept(WRITTEN, {make_subject()}, organisation_id=acme.id)
        Speaker.objects.bulk_create(
            [
                Speaker(
                    id=row.pk,
                    organisation=acme,
                    livemode=False,
                    subject=ids.new("sub"),
                    sealed=b"x",
                    external_index=row.external_index,
                    sealed_notes=row.sealed_notes,
                    created_at=NOON,
                )
            ]
        )

        def found(value: str) -> int:
            rows = Speaker.objects.all()
            return sealed_notes.filter_by_notes(
                rows, {"external_id": value}, organisation_id=acme.id, at=NOON
            ).count()

        assert [found(value) for value in ("Zwölfender-7", "Zwölfender", "", "%")] == [1, 0, 0, 0]

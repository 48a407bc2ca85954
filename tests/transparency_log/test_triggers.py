"""The database itself refuses to change the past, on PostgreSQL and on SQLite."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from tests.conftest import NOON
from tests.transparency_log.conftest import Append
from transparency_log import sequencer
from transparency_log.models import Attestation, Checkpoint, Entry

pytestmark = pytest.mark.django_db

POSTGRES = connection.vendor == "postgresql"
ZEROS = "decode(repeat('00', 32), 'hex')" if POSTGRES else "zeroblob(32)"
KEPT = ("entry", "checkpoint", "eventref", "tile", "head", "attestation")
UNCHANGED = {
    "entry": "payload", "checkpoint": "note", "attestation": "answer", "eventref": "ref",
    "body": "sealed", "outbox": "payload",
}  # fmt: skip


@pytest.fixture
def settled(append: Append, organisation_id: str) -> None:
    """A log of five entries, and one event that waits."""
    append(5, refs={"organisation": organisation_id})
    sequencer.settle_log(organisation_id, at=NOON)
    Attestation.objects.create(
        kind="copy",
        target="file:///copies",
        organisation_id=organisation_id,
        size=5,
        request=b"",
        answer=b"5",
        at=NOON,
    )
    append(1)


@pytest.fixture
def settled_over_a_tile(append: Append, organisation_id: str) -> None:
    """A log of 257 entries, so that there is a full tile, and one event that waits."""
    append(257)
    sequencer.settle_log(organisation_id, at=NOON)
    append(1)


def refused(statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.usefixtures("settled")
class TestPast:
    @pytest.mark.parametrize(("table", "column"), UNCHANGED.items())
    def test_is_never_changed(self, table: str, column: str) -> None:
        refused(f"UPDATE transparency_log_{table} SET {column} = {column}")

    @pytest.mark.parametrize("table", KEPT)
    def test_is_never_deleted(self, table: str) -> None:
        refused(f"DELETE FROM transparency_log_{table}")

    @pytest.mark.parametrize("table", [*KEPT, "body", "outbox"] if POSTGRES else KEPT)
    def test_is_never_emptied_at_once(self, table: str) -> None:
        refused(
            f"TRUNCATE transparency_log_{table} CASCADE"
            if POSTGRES
            else f"DELETE FROM transparency_log_{table}"
        )

    @pytest.mark.parametrize("table", UNCHANGED if POSTGRES else [*KEPT, "body", "outbox"])
    @pytest.mark.parametrize("recursive", ["ON", "OFF"])
    def test_is_never_replaced(self, table: str, recursive: str) -> None:
        whole = f"INTO transparency_log_{table} SELECT * FROM transparency_log_{table}"
        if POSTGRES:
            key = "event_id" if table in {"entry", "body"} else "id"
            refused(
                f"INSERT {whole} ON CONFLICT ({key}) DO UPDATE SET organisation_id = '{recursive}'"
            )
            return
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
        try:
            refused(f"INSERT OR REPLACE {whole}")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA recursive_triggers = ON")

    def test_is_never_replaced_in_its_place_under_another_key(self, organisation_id: str) -> None:
        entry = Entry.objects.get(idx=3)
        entry.event_id = "evt_" + "a" * 26

        with pytest.raises(IntegrityError), transaction.atomic():
            entry.save(force_insert=True)

    def test_is_never_deleted_through_the_models(self) -> None:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Checkpoint.objects.all().delete()


@pytest.mark.usefixtures("settled_over_a_tile")
class TestTile:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param("data = data || data WHERE n = 0 AND level = 0", id="a full one grows"),
            pytest.param("data = {other} WHERE n = 0 AND level = 0", id="a full one changes"),
            pytest.param("data = {other} WHERE n = 1", id="a partial one changes"),
            pytest.param(
                "data = {other} || {other} WHERE n = 1",
                id="a partial one grows on another beginning",
            ),
            pytest.param("data = data WHERE n = 1", id="a partial one stays"),
            pytest.param("n = 7 WHERE n = 1", id="moves"),
            pytest.param("organisation_id = 'org_x' WHERE n = 1", id="changes hands"),
        ],
    )
    def test_never(self, change: str) -> None:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE transparency_log_tile SET {change.format(other=ZEROS)}")

    def test_that_is_partial_grows(self, organisation_id: str) -> None:
        assert sequencer.settle_log(organisation_id, at=NOON) == 1

    @pytest.mark.parametrize("width", [0, 31, 33, 8193, 8224])
    def test_of_no_whole_hashes_is_refused(self, organisation_id: str, width: int) -> None:
        with (
            pytest.raises(IntegrityError, match="tile_of_"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO transparency_log_tile (organisation_id, level, n, data) VALUES (%s, "
                "5, 5, %s)",
                [organisation_id, bytes(width)],
            )


@pytest.mark.usefixtures("settled")
class TestHead:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param("size = size - 1", id="smaller"),
            pytest.param("root = {other}", id="another root at the same size"),
            pytest.param(
                "generation = generation - 1, size = size + 1", id="back to an older name"
            ),
            pytest.param("origin = 'other', size = size + 1", id="another origin"),
        ],
    )
    def test_never(self, change: str) -> None:
        refused(f"UPDATE transparency_log_head SET {change.format(other=ZEROS)}")

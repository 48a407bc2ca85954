"""What is left of destroyed keys in SQLite's file and its log: not even a quarter of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from tests.vault.conftest import MakeSubject
from vault import kms, subject_keys
from vault.models import Subject

Erase = Callable[[str], subject_keys.Destruction]


def key_material(subject: str) -> tuple[bytes, bytes]:
    """The wrapped and the plain key, taken while the subject lives."""
    row = Subject.objects.select_related("kek").get(id=subject)
    wrapped = bytes(row.wrapped_key or b"")
    return wrapped, kms.get_kms().unwrap(row.kek.kms_name, wrapped, owner=row.id)


def database_bytes() -> bytes:
    """The database and its write-ahead log as they lie on the disk."""
    path = Path(str(connection.settings_dict["NAME"]))
    return b"".join(
        file.read_bytes() for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()
    )


def pieces(key: bytes) -> list[bytes]:
    """Quarters of the key: a page that is reused may overwrite one end of it and leave the
    other.
    """
    return [key[start : start + 10] for start in range(0, len(key) - 9, 10)]


@pytest.mark.django_db(transaction=True)
class TestSqliteFile:
    def test_holds_the_wrapped_key_while_the_subject_lives(self, make_subject: MakeSubject) -> None:
        wrapped, plain = key_material(make_subject())
        everything = database_bytes()
        assert (wrapped in everything, plain in everything) == (True, False)

    def test_holds_nothing_of_them_after_their_subjects_were_erased(
        self, make_subject: MakeSubject, erase: Erase
    ) -> None:
        subjects = [make_subject() for _ in range(60)]
        gone = [
            piece
            for subject in subjects[::2]
            for key in key_material(subject)
            for piece in pieces(key)
        ]
        for subject in subjects[::2]:
            erase(subject)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        everything = database_bytes()
        assert [piece for piece in gone if piece in everything] == []

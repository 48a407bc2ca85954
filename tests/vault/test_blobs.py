"""Blobs: kept encrypted in files, true by their rows, gone with their subject."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotFound
from tests.conftest import NOON
from tests.vault.conftest import MakeBlob, MakeSubject
from vault import blobs, storage, subject_keys
from vault.errors import KeyDestroyed, Tampered
from vault.models import Blob
from vault.storage import Storage

AUDIO = bytes(range(256)) * 200  # 51,200 bytes: four chunks
Erase = Callable[[str], subject_keys.Destruction]


def file_of(folder: Path, blob: str) -> Path:
    return next((folder / "blobs").glob(f"*/{blob}"))


def all_files(folder: Path) -> list[Path]:
    return list((folder / "blobs").glob("*/*"))


class TestPut:
    def test_gives_back_what_was_put(self, make_blob: MakeBlob) -> None:
        blob = make_blob(AUDIO)
        assert (blobs.get_blob(blob), blobs.get_blob_size(blob), blob[:4]) == (
            AUDIO,
            len(AUDIO),
            "ent_",
        )

    @pytest.mark.parametrize("data", [b"", b"x", bytes(16384)])
    def test_takes_any_length(self, make_blob: MakeBlob, data: bytes) -> None:
        assert blobs.get_blob(make_blob(data)) == data

    def test_writes_no_plain_byte(self, make_blob: MakeBlob, data_folder: Path) -> None:
        blob = make_blob(b"the words of Ada Lovelace" * 100)
        assert b"Ada" not in file_of(data_folder, blob).read_bytes()

    def test_keeps_files_for_our_user_alone(self, make_blob: MakeBlob, data_folder: Path) -> None:
        assert file_of(data_folder, make_blob(AUDIO)).stat().st_mode & 0o777 == 0o600

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_outside_a_transaction(self, make_subject: MakeSubject) -> None:
        with pytest.raises(RuntimeError, match="inside a transaction"):
            blobs.store_blob(subject=make_subject(), kind="sample", data=AUDIO, at=NOON)

    def test_has_its_file_before_its_row_and_no_row_without_a_commit(
        self, make_subject: MakeSubject, data_folder: Path
    ) -> None:
        subject = make_subject()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            blobs.store_blob(subject=subject, kind="sample", data=AUDIO, at=NOON)
            1 / 0  # noqa: B018 - any failure will do
        assert (Blob.objects.count(), len(all_files(data_folder))) == (0, 1)

    def test_takes_nothing_for_an_erased_subject(
        self, make_subject: MakeSubject, erase: Erase
    ) -> None:
        subject = make_subject()
        erase(subject)
        with pytest.raises(KeyDestroyed), transaction.atomic():
            blobs.store_blob(subject=subject, kind="sample", data=AUDIO, at=NOON)

    def test_has_no_negative_size_in_the_database_itself(self, make_blob: MakeBlob) -> None:
        blob = make_blob(AUDIO)
        with pytest.raises(IntegrityError, match="blob_size_not_negative"), transaction.atomic():
            Blob.objects.filter(id=blob).update(size=-1)


class TestGet:
    def test_knows_no_strangers(self, db: None) -> None:
        with pytest.raises(NotFound):
            blobs.get_blob("ent_nothing")

    def test_opens_nothing_of_an_erased_subject(
        self, make_subject: MakeSubject, make_blob: MakeBlob, erase: Erase
    ) -> None:
        subject = make_subject()
        blob = make_blob(AUDIO, subject=subject)
        erase(subject)
        with pytest.raises(KeyDestroyed):
            blobs.get_blob(blob)

    def test_refuses_the_file_of_another_blob_of_the_same_subject(
        self, make_subject: MakeSubject, make_blob: MakeBlob, data_folder: Path
    ) -> None:
        subject = make_subject()
        mine, other = make_blob(AUDIO, subject=subject), make_blob(AUDIO, subject=subject)
        file_of(data_folder, mine).write_bytes(file_of(data_folder, other).read_bytes())
        with pytest.raises(Tampered, match="does not belong"):
            blobs.get_blob(mine)

    def test_refuses_a_blob_whose_row_names_another_kind(self, make_blob: MakeBlob) -> None:
        blob = make_blob(AUDIO)
        Blob.objects.filter(id=blob).update(kind="clip")
        with pytest.raises(Tampered):
            blobs.get_blob(blob)

    def test_refuses_a_cut_file(self, make_blob: MakeBlob, data_folder: Path) -> None:
        blob = make_blob(AUDIO)
        os.truncate(file_of(data_folder, blob), 56 + 16400 * 2)
        with pytest.raises(Tampered):
            blobs.get_blob(blob)

    def test_says_so_when_a_file_is_lost(self, make_blob: MakeBlob, data_folder: Path) -> None:
        blob = make_blob(AUDIO)
        file_of(data_folder, blob).unlink()
        with pytest.raises(Tampered, match="missing"):
            blobs.get_blob(blob)

    def test_reads_a_part_without_the_rest(self, make_blob: MakeBlob) -> None:
        assert blobs.read_blob_range(make_blob(AUDIO), 16380, 10) == AUDIO[16380:16390]


class TestDelete:
    @pytest.mark.django_db(transaction=True)
    def test_takes_row_and_file(self, make_blob: MakeBlob, data_folder: Path) -> None:
        blob = make_blob(AUDIO)
        blobs.delete_blob(blob)
        assert (Blob.objects.count(), all_files(data_folder)) == (0, [])

    @pytest.mark.django_db(transaction=True)
    def test_keeps_the_file_when_the_transaction_fails(self, make_blob: MakeBlob) -> None:
        blob = make_blob(AUDIO)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            blobs.delete_blob(blob)
            1 / 0  # noqa: B018 - any failure will do
        assert blobs.get_blob(blob) == AUDIO

    def test_says_when_there_is_none(self, db: None) -> None:
        with pytest.raises(NotFound):
            blobs.delete_blob("ent_nothing")


class TestDeleteAll:
    @pytest.mark.django_db(transaction=True)
    def test_takes_all_of_one_subject_even_after_its_key(
        self, make_subject: MakeSubject, make_blob: MakeBlob, erase: Erase, data_folder: Path
    ) -> None:
        gone, stays = make_subject(), make_subject()
        kept = [make_blob(AUDIO, subject=owner) for owner in (gone, gone, stays)][2]
        erase(gone)
        assert (blobs.erase_blobs_of_subject(gone), blobs.get_blob(kept) == AUDIO) == (2, True)
        assert all_files(data_folder) == [file_of(data_folder, kept)]


class TestSweepOrphans:
    def orphan(self, folder: Path, *, hours: float) -> Path:
        path = folder / "blobs" / "aa" / "ent_orphan"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left behind")
        written = (NOON - timedelta(hours=hours)).timestamp()
        os.utime(path, (written, written))
        return path

    @pytest.mark.parametrize(("hours", "swept"), [(5.9, 0), (6.1, 1)])
    def test_takes_files_without_a_row_when_they_are_old_enough(
        self, db: None, data_folder: Path, hours: float, swept: int
    ) -> None:
        path = self.orphan(data_folder, hours=hours)
        assert (blobs.sweep_orphans(at=NOON), path.exists()) == (swept, not swept)

    def test_keeps_every_file_that_has_a_row(self, make_blob: MakeBlob, data_folder: Path) -> None:
        blob = make_blob(AUDIO)
        os.utime(file_of(data_folder, blob), (0, 0))
        assert (blobs.sweep_orphans(at=NOON), blobs.get_blob(blob)) == (0, AUDIO)


class TestStorage:
    def test_is_what_the_interface_asks_for(self) -> None:
        assert isinstance(storage.get_storage(), Storage)

    def test_says_when_it_has_no_such_object(self) -> None:
        with pytest.raises(FileNotFoundError):
            storage.get_storage().open("aa/ent_nothing")

    def test_forgets_twice_without_complaint(self) -> None:
        storage.get_storage().delete("aa/ent_nothing")

"""What a backup needs besides itself, and what a restore refuses for want of it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from config.backup import dump
from tests.config.conftest import Ada, back_up, restore, revoke
from tests.conftest import NOON
from vault import key_rotation

pytestmark = pytest.mark.django_db(transaction=True)


class TestWhatABackupNeedsBesidesItself:
    def test_is_said_when_its_keys_were_destroyed(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        key_rotation.rotate_kek(at=NOON + timedelta(days=28), grace=timedelta(days=7))
        restore(archive_file, "--replace")  # within the grace

        key_rotation.rotate_kek(at=NOON + timedelta(days=35))

        with pytest.raises(
            CommandError, match="nothing was changed: The keys of this backup were destroyed"
        ):
            restore(archive_file, "--replace")
        assert ada.name == "Ada Example"

    @pytest.mark.parametrize("folder", ["kms", "anchors"])
    def test_is_said_when_it_was_not_brought_along(
        self, folder: str, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        back_up(archive_file)
        shutil.rmtree(data_folder / folder)
        with pytest.raises(CommandError, match=f"nothing was changed: .*[Bb]ring .*{folder}"):
            restore(archive_file, "--replace")

    def test_is_said_when_the_master_key_is_another(
        self, ada: Ada, archive_file: Path, settings: Settings
    ) -> None:
        back_up(archive_file)
        settings.SAYSO_MASTER_KEY = "another master key, as long as it has to be"
        with pytest.raises(CommandError, match="does not open with this SAYSO_MASTER_KEY"):
            restore(archive_file, "--replace")

    def test_is_said_when_the_anchors_are_older(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        shutil.copytree(data_folder / "anchors", data_folder / "old")
        revoke(ada)
        back_up(archive_file)
        shutil.rmtree(data_folder / "anchors")
        (data_folder / "old").rename(data_folder / "anchors")
        with pytest.raises(CommandError, match="missing here or older"):
            restore(archive_file, "--replace")


class TestRefusals:
    def test_existing_data_is_not_replaced_by_accident(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        revoke(ada)
        with pytest.raises(CommandError, match="--replace"):
            restore(archive_file)
        ada.consent.refresh_from_db()
        assert ada.consent.state == "withdrawn"

    def test_a_backup_that_cannot_be_written_leaves_nothing(
        self, ada: Ada, archive_file: Path, tmp_path: Path
    ) -> None:
        back_up(archive_file)
        whole = archive_file.read_bytes()
        with pytest.raises(CommandError, match="no backup was written"):
            back_up(tmp_path / "no such folder" / "backup.tar")
        assert archive_file.read_bytes() == whole

    def test_a_failed_copy_leaves_the_older_backup_as_it_was(
        self, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back_up(archive_file)
        whole = archive_file.read_bytes()
        monkeypatch.setattr(dump, "dump_database", _disk_full)
        with pytest.raises(CommandError, match="no backup was written"):
            back_up(archive_file)
        assert archive_file.read_bytes() == whole
        assert [path.name for path in archive_file.parent.glob("*.part")] == []


def _disk_full(_target: Path) -> None:
    raise OSError("disk full")


class TestPostgresPrograms:
    def test_are_found_in_debians_versioned_folders_newest_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for version in ("9", "15", "17"):
            program = tmp_path / version / "bin" / "pg_dump"
            program.parent.mkdir(parents=True)
            program.touch()
        monkeypatch.setattr(dump, "_DEBIAN", tmp_path)
        monkeypatch.setenv("PATH", "")
        assert dump._find_program("pg_dump") == str(tmp_path / "17" / "bin" / "pg_dump")
        assert dump._find_program("pg_restore") is None

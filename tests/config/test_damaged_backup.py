"""A backup that was changed, cut or forged: refused in one line, before anything here is
touched.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection

from config.backup import dump, restore_guard
from tests.config.conftest import AUDIO, Ada, back_up, restore, revoke

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def backup(ada: Ada, archive_file: Path) -> None:
    """Back up, then end a consent."""
    back_up(archive_file)
    revoke(ada)


def refused(file: Path, ada: Ada, why: str) -> None:
    """Restore in vain, with everything as it was."""
    with pytest.raises(CommandError, match=f"nothing was changed: .*{why}"):
        restore(file, "--replace")
    ada.consent.refresh_from_db()
    assert (ada.consent.state, ada.audio) == ("withdrawn", AUDIO)
    assert not restore_guard.restore_mark_path().exists()


# The archive around a dump is the same for both databases.
@pytest.mark.once
class TestAChangedArchive:
    """Whatever is wrong with it is found before anything here is touched."""

    def test_is_refused_when_cut_off_anywhere(self, ada: Ada, archive_file: Path) -> None:
        whole = archive_file.read_bytes()
        with tarfile.open(archive_file) as archive:
            ends = max(
                member.offset_data + member.size for member in archive
            )  # what follows is padding
        for length in (0, ends // 50, ends // 2, ends * 9 // 10, ends - 1):
            archive_file.write_bytes(whole[:length])
            refused(archive_file, ada, "not a backup|not complete")

    def test_is_refused_with_one_bit_changed(self, ada: Ada, archive_file: Path) -> None:
        data = bytearray(archive_file.read_bytes())
        data[len(data) // 3] ^= 1
        archive_file.write_bytes(bytes(data))
        refused(archive_file, ada, "is damaged")

    def test_is_refused_when_it_is_something_else(self, ada: Ada, archive_file: Path) -> None:
        for data in (b"", b"hello", b"\x1f\x8b\x08" + bytes(99), bytes(10_240)):
            archive_file.write_bytes(data)
            refused(archive_file, ada, "not a backup")
        refused(archive_file.with_name("nowhere"), ada, "there is no file")

    @pytest.mark.parametrize("name", ["../../escaped", "/escaped", "blobs/../../escaped"])
    def test_is_refused_when_a_member_leaves_the_folder(
        self, name: str, ada: Ada, archive_file: Path
    ) -> None:
        _add(archive_file, tarfile.TarInfo(name))
        refused(archive_file, ada, "not a backup|not complete")
        assert not list(archive_file.parent.rglob("escaped"))

    @pytest.mark.parametrize(
        "kind",
        [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE],
    )
    def test_is_refused_with_anything_but_plain_files(
        self, kind: bytes, ada: Ada, archive_file: Path
    ) -> None:
        member = tarfile.TarInfo("blobs/aa")
        member.type, member.linkname = kind, dump.dump_file_name()
        _add(archive_file, member)
        refused(archive_file, ada, "not a backup")

    def test_is_refused_with_a_file_too_many(self, ada: Ada, archive_file: Path) -> None:
        _add(archive_file, tarfile.TarInfo("blobs/aa/extra"))
        refused(archive_file, ada, "not complete")

    def test_is_refused_with_a_second_file_of_one_name(self, ada: Ada, archive_file: Path) -> None:
        _add(archive_file, tarfile.TarInfo("manifest.json"))
        refused(archive_file, ada, "not a backup")

    @pytest.mark.parametrize(
        "manifest", ["[]", "{}", '{"sha256": 5}', "nothing", '{"version": 2, "sha256": {}}']
    )
    def test_is_refused_with_a_foreign_manifest(
        self, manifest: str, ada: Ada, tmp_path: Path
    ) -> None:
        file = tmp_path / "foreign.tar"
        _write(file, {"manifest.json": manifest.encode()})
        refused(file, ada, "not a backup|not complete")


class TestAnArchive:
    def test_is_refused_from_another_engine(
        self, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = "database.pgdump" if connection.vendor == "sqlite" else "database.sqlite3"
        with monkeypatch.context() as patched:
            patched.setattr(dump, "dump_file_name", lambda: other)
            back_up(archive_file)
        refused(archive_file, ada, "another database engine")


def _add(file: Path, member: tarfile.TarInfo) -> None:
    with tarfile.open(file, "a") as tar:
        tar.addfile(member, io.BytesIO())


def _write(file: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

"""The contract of every KMS backend, and the local one's files."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from vault import kms
from vault.errors import KeyDestroyed, KmsUnavailable, Tampered
from vault.kms import Kms
from vault.kms_file import FileKms

MASTER = "a master key of more than thirty-two characters"


@pytest.fixture(params=[FileKms])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Kms:
    """Every backend there is; a new one joins the list and must pass all of TestKms."""
    made = request.param(folder=tmp_path / "kms", master=MASTER)
    assert isinstance(made, Kms)
    return made


class TestKms:
    def test_gives_back_what_it_wrapped(self, service: Kms) -> None:
        service.create("kek-1")
        key = secrets.token_bytes(32)
        wrapped = service.wrap("kek-1", key)
        assert (service.unwrap("kek-1", wrapped), key in wrapped) == (key, False)

    def test_refuses_bytes_that_another_key_wrapped(self, service: Kms) -> None:
        service.create("kek-1")
        service.create("kek-2")
        with pytest.raises(Tampered):
            service.unwrap("kek-2", service.wrap("kek-1", bytes(32)))

    @pytest.mark.parametrize("wrapped", [b"", b"short", bytes(40), bytes(41)])
    def test_refuses_bytes_that_no_one_wrapped(self, service: Kms, wrapped: bytes) -> None:
        service.create("kek-1")
        with pytest.raises(Tampered):
            service.unwrap("kek-1", wrapped)

    def test_signs_with_ml_dsa_too(self, service: Kms) -> None:
        handle, public = service.new_signing_key("ML-DSA-44")
        signature = service.sign(handle, b"a receipt")

        assert (len(public), len(signature), service.public_key(handle) == public) == (
            1312,
            2420,
            True,
        )
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, b"a receipt")
        with pytest.raises(InvalidSignature):
            MLDSA44PublicKey.from_public_bytes(public).verify(signature, b"another")

    def test_moves_a_wrapped_key_to_another_name(self, service: Kms) -> None:
        service.create("kek-1")
        service.create("kek-2")
        key = secrets.token_bytes(32)
        moved = service.rewrap(service.wrap("kek-1", key), old="kek-1", new="kek-2")
        assert service.unwrap("kek-2", moved) == key

    def test_opens_nothing_after_the_key_was_destroyed(self, service: Kms) -> None:
        service.create("kek-1")
        wrapped = service.wrap("kek-1", bytes(32))
        service.destroy("kek-1")
        with pytest.raises(KeyDestroyed):
            service.unwrap("kek-1", wrapped)

    def test_destroys_twice_without_complaint(self, service: Kms) -> None:
        service.create("kek-1")
        service.destroy("kek-1")
        service.destroy("kek-1")
        with pytest.raises(KeyDestroyed):
            service.wrap("kek-1", bytes(32))

    def test_never_uses_a_name_again(self, service: Kms) -> None:
        service.create("kek-1")
        with pytest.raises(ValueError, match="already"):
            service.create("kek-1")
        service.destroy("kek-1")
        with pytest.raises(ValueError, match="destroyed"):
            service.create("kek-1")

    def test_tells_a_missing_key_from_a_destroyed_one(self, service: Kms) -> None:
        with pytest.raises(KmsUnavailable):
            service.wrap("kek-never-made", bytes(32))

    def test_wraps_keys_of_32_bytes_only(self, service: Kms) -> None:
        service.create("kek-1")
        with pytest.raises(ValueError, match="32-byte"):
            service.wrap("kek-1", bytes(16))

    def test_signs_so_that_anyone_can_check_it(self, service: Kms) -> None:
        handle, public = service.new_signing_key()
        Ed25519PublicKey.from_public_bytes(public).verify(service.sign(handle, b"text"), b"text")
        assert service.public_key(handle) == public

    def test_makes_another_signing_key_each_time(self, service: Kms) -> None:
        assert service.new_signing_key()[1] != service.new_signing_key()[1]


class TestFileKms:
    def test_keeps_files_that_only_we_can_read(self, tmp_path: Path) -> None:
        FileKms(folder=tmp_path / "kms", master=MASTER).create("kek-1")
        modes = [
            path.stat().st_mode & 0o777
            for path in (tmp_path / "kms", tmp_path / "kms" / "kek-1.key")
        ]
        assert modes == [0o700, 0o600]

    def test_leaves_no_temporary_file(self, tmp_path: Path) -> None:
        service = FileKms(folder=tmp_path / "kms", master=MASTER)
        service.create("kek-1")
        with pytest.raises(ValueError, match="already"):
            service.create("kek-1")
        assert [path.name for path in (tmp_path / "kms").iterdir()] == ["kek-1.key"]

    def test_does_not_open_with_another_master_key(self, tmp_path: Path) -> None:
        FileKms(folder=tmp_path, master=MASTER).create("kek-1")
        with pytest.raises(KmsUnavailable, match="SAYSO_MASTER_KEY"):
            FileKms(folder=tmp_path, master=MASTER + "!").wrap("kek-1", bytes(32))

    def test_overwrites_a_destroyed_key_before_it_unlinks_it(self, tmp_path: Path) -> None:
        service = FileKms(folder=tmp_path, master=MASTER)
        service.create("kek-1")
        (tmp_path / "second-name").hardlink_to(tmp_path / "kek-1.key")
        before = (tmp_path / "second-name").read_bytes()
        service.destroy("kek-1")
        after = (tmp_path / "second-name").read_bytes()
        assert (len(after), after != before) == (len(before), True)

    def test_calls_a_key_destroyed_that_is_overwritten_and_not_yet_unlinked(
        self, tmp_path: Path
    ) -> None:
        service = FileKms(folder=tmp_path, master=MASTER)
        service.create("kek-1")
        (tmp_path / "kek-1.destroyed").touch()
        (tmp_path / "kek-1.key").write_bytes(bytes(40))
        with pytest.raises(KeyDestroyed):
            service.wrap("kek-1", bytes(32))

    @pytest.mark.parametrize("name", ["", "../kek", "kek/1", "Kek", "kek 1", "kek\n", "x" * 65])
    def test_refuses_names_that_could_leave_the_folder(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="not the name"):
            FileKms(folder=tmp_path, master=MASTER).create(name)

    def test_never_shows_the_master_key(self, tmp_path: Path) -> None:
        assert MASTER not in repr(FileKms(folder=tmp_path, master=MASTER))


class TestCurrent:
    def test_lies_in_the_data_folder_beside_the_database_not_in_it(self, data_folder: Path) -> None:
        kms.get_kms().create("kek-1")
        assert (data_folder / "kms" / "kek-1.key").is_file()

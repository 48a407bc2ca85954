"""Streams: blobs that are too large for memory, and many values of one subject opened with one look
at its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from core.errors import NotFound
from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import blobs, chunked_encryption, sealed_values, storage, subject_keys

KEY, SALT = bytes(range(32)), bytes(24)


class TestEncryptStream:
    @pytest.mark.parametrize(
        "size",
        [
            0,
            1,
            chunked_encryption.CHUNK - 1,
            chunked_encryption.CHUNK,
            chunked_encryption.CHUNK + 1,
            3 * chunked_encryption.CHUNK,
        ],
    )
    @pytest.mark.parametrize("step", [1000, chunked_encryption.CHUNK, 40_000])
    def test_gives_the_bytes_of_the_whole(self, size: int, step: int) -> None:
        data = bytes(number % 251 for number in range(size))
        parts = [data[at : at + step] for at in range(0, size, step)]

        streamed = b"".join(
            chunked_encryption.encrypt_stream(parts, key=KEY, context=b"here", salt=SALT)
        )

        assert streamed == chunked_encryption.encrypt(data, key=KEY, context=b"here", salt=SALT)
        assert chunked_encryption.decrypt(streamed, key=KEY, context=b"here") == data


class TestStage:
    def test_is_no_blob_before_it_is_kept(self, make_subject: MakeSubject) -> None:
        staged = blobs.stage_blob(subject=make_subject(), kind="export", parts=(b"one ", b"two"))

        with pytest.raises(NotFound):
            blobs.get_blob(staged.blob_id)

        with transaction.atomic():
            blobs.keep_staged_blob(staged, at=NOON)
        assert (blobs.get_blob(staged.blob_id), blobs.get_blob_size(staged.blob_id)) == (
            b"one two",
            7,
        )

    def test_leaves_no_file_when_the_parts_break_off(self, make_subject: MakeSubject) -> None:
        def broken() -> Iterator[bytes]:
            yield b"x" * 100_000
            raise ConnectionError

        with pytest.raises(ConnectionError):
            blobs.stage_blob(subject=make_subject(), kind="export", parts=broken())

        assert list(storage.get_storage().names()) == []

    def test_can_be_discarded(self, make_subject: MakeSubject) -> None:
        blobs.discard_staged_blob(
            blobs.stage_blob(subject=make_subject(), kind="export", parts=(b"x",))
        )

        assert list(storage.get_storage().names()) == []


class TestDeriver:
    def test_derives_what_derive_derives(self, make_subject: MakeSubject) -> None:
        subject = make_subject()

        assert subject_keys.open_deriver(subject)("evt|1") == subject_keys.derive_key(
            subject, "evt|1"
        )

    def test_opens_sealed_values(self, make_subject: MakeSubject) -> None:
        subject = make_subject()

        assert sealed_values.unseal_with(
            subject_keys.open_deriver(subject),
            "here",
            sealed_values.seal(subject, "here", {"a": 1}),
        ) == {"a": 1}

    def test_is_not_given_for_a_destroyed_key(
        self, make_subject: MakeSubject, erase: Callable[[str], subject_keys.Destruction]
    ) -> None:
        subject = make_subject()
        erase(subject)

        with pytest.raises(subject_keys.KeyDestroyed):
            subject_keys.open_deriver(subject)

"""Streams: blobs that are too large for memory, and many values of one subject opened with one look at its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from core.errors import NotFound
from tests.conftest import NOON
from tests.vault.conftest import MakeSubject
from vault import blobs, chunked, keys, sealing, storage

KEY, SALT = bytes(range(32)), bytes(24)


class TestEncryptStream:
    @pytest.mark.parametrize("size", [0, 1, chunked.CHUNK - 1, chunked.CHUNK, chunked.CHUNK + 1, 3 * chunked.CHUNK])
    @pytest.mark.parametrize("step", [1000, chunked.CHUNK, 40_000])
    def test_gives_the_bytes_of_the_whole(self, size: int, step: int) -> None:
        data = bytes(number % 251 for number in range(size))
        parts = [data[at : at + step] for at in range(0, size, step)]

        streamed = b"".join(chunked.encrypt_stream(parts, key=KEY, context=b"here", salt=SALT))

        assert streamed == chunked.encrypt(data, key=KEY, context=b"here", salt=SALT)
        assert chunked.decrypt(streamed, key=KEY, context=b"here") == data


class TestStage:
    def test_is_no_blob_before_it_is_kept(self, make_subject: MakeSubject) -> None:
        staged = blobs.stage(subject=make_subject(), kind="export", parts=(b"one ", b"two"))

        with pytest.raises(NotFound):
            blobs.get(staged.blob_id)

        with transaction.atomic():
            blobs.keep(staged, at=NOON)
        assert (blobs.get(staged.blob_id), blobs.size(staged.blob_id)) == (b"one two", 7)

    def test_leaves_no_file_when_the_parts_break_off(self, make_subject: MakeSubject) -> None:
        def broken() -> Iterator[bytes]:
            yield b"x" * 100_000
            raise ConnectionError

        with pytest.raises(ConnectionError):
            blobs.stage(subject=make_subject(), kind="export", parts=broken())

        assert list(storage.current().names()) == []

    def test_can_be_discarded(self, make_subject: MakeSubject) -> None:
        blobs.discard(blobs.stage(subject=make_subject(), kind="export", parts=(b"x",)))

        assert list(storage.current().names()) == []


class TestDeriver:
    def test_derives_what_derive_derives(self, make_subject: MakeSubject) -> None:
        subject = make_subject()

        assert keys.deriver(subject)("evt|1") == keys.derive(subject, "evt|1")

    def test_opens_sealed_values(self, make_subject: MakeSubject) -> None:
        subject = make_subject()

        assert sealing.unseal_with(keys.deriver(subject), "here", sealing.seal(subject, "here", {"a": 1})) == {"a": 1}

    def test_is_not_given_for_a_destroyed_key(
        self, make_subject: MakeSubject, erase: Callable[[str], keys.Destruction]
    ) -> None:
        subject = make_subject()
        erase(subject)

        with pytest.raises(keys.KeyDestroyed):
            keys.deriver(subject)

"""The file format of blobs: every way to cut, swap, lengthen or change it is refused."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import chunked_encryption
from vault.chunked_encryption import CHUNK, HEADER, TAG, InMemory, Message
from vault.errors import Tampered

KEY = bytes(range(32))
SALT = bytes(range(100, 124))
CONTEXT = b"sub_a|sample|ent_b"
STEP = CHUNK + TAG

# SHA-256 of the file for `length` bytes 0, 1, 2 … 250, 0 … with the constants above. Made by this
# implementation and pinned: the specification has no vectors of its own, and what we wrote must
# stay readable.
VECTORS = {
    0: "d05f44cec95388cf04a1e23ed6e1736db41790ca618752eb234453c57ba25b32",
    1: "214d4c4d50713a1e056aaf2709a12c9c70148bc58f7d9cc87d4f879bb8bc7392",
    16383: "6331b22b4e8a134427780c0b10a715fa2063a93b87da1ba72a0f0a2a6e4e48e3",
    16384: "5c63ae9a8e6873c078006312f54999550c3731ddb79536fa4c1c6b632e8c1894",
    16385: "4cd7782f47a921f753b3254adfbd614136b5009dbd5b6e9eeed90e3b33156fe2",
    40000: "06dfe5cd3c3431bad2912b0c311b77cdd57020e266cb51510aa30d5566332401",
}


def message(length: int) -> bytes:
    return bytes(number % 251 for number in range(length))


def sealed(length: int = 40000) -> bytes:
    return chunked_encryption.encrypt(message(length), key=KEY, context=CONTEXT, salt=SALT)


def opened(data: bytes) -> bytes:
    return chunked_encryption.decrypt(data, key=KEY, context=CONTEXT)


class TestEncrypt:
    @pytest.mark.parametrize("length", VECTORS)
    def test_writes_the_pinned_bytes(self, length: int) -> None:
        assert hashlib.sha256(sealed(length)).hexdigest() == VECTORS[length]

    def test_derives_key_nonce_and_commitment_as_the_specification_says(self) -> None:
        # HKDF-Expand (RFC 5869, 2.3) with SHA-512 by hand: 76 bytes take two blocks.
        info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + SALT + CONTEXT
        first = hmac.digest(KEY, info + b"\x01", "sha512")
        second = hmac.digest(KEY, first + info + b"\x02", "sha512")
        assert sealed(10)[:HEADER] == SALT + (first + second)[44:76]

    @pytest.mark.parametrize(
        ("length", "chunks"), [(0, 1), (1024, 1), (CHUNK - 1, 1), (CHUNK, 2), (20 * 1024, 2)]
    )
    def test_ends_with_a_short_chunk_always(self, length: int, chunks: int) -> None:
        assert len(sealed(length)) == HEADER + length + chunks * TAG

    @pytest.mark.parametrize(("key", "salt"), [(b"short", SALT), (KEY, b"short")])
    def test_refuses_keys_and_salts_of_the_wrong_size(self, key: bytes, salt: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            chunked_encryption.encrypt(b"", key=key, context=b"", salt=salt)

    @given(st.binary(max_size=3 * CHUNK), st.binary(max_size=50))
    def test_gives_back_every_message(self, data: bytes, context: bytes) -> None:
        made = chunked_encryption.encrypt(data, key=KEY, context=context, salt=SALT)
        assert chunked_encryption.decrypt(made, key=KEY, context=context) == data


class TestDecrypt:
    @pytest.mark.parametrize(
        "forged",
        [
            pytest.param(sealed()[: HEADER + 2 * STEP], id="cut at a chunk boundary"),
            pytest.param(sealed()[: HEADER + STEP], id="cut at an earlier chunk boundary"),
            pytest.param(sealed()[:HEADER], id="all chunks gone"),
            pytest.param(sealed()[: HEADER - 1], id="header cut"),
            pytest.param(b"", id="empty"),
            pytest.param(sealed()[:-1], id="last byte dropped"),
            pytest.param(sealed()[:-100], id="tail dropped"),
            pytest.param(sealed()[: HEADER + 2 * STEP + TAG - 1], id="only part of a tag left"),
            pytest.param(sealed() + b"\x00", id="byte appended"),
            pytest.param(
                sealed()[:HEADER]
                + sealed()[HEADER + STEP :][:STEP]
                + sealed()[HEADER:][:STEP]
                + sealed()[HEADER + 2 * STEP :],
                id="chunks swapped",
            ),
            pytest.param(sealed()[:HEADER] + sealed()[HEADER + STEP :], id="first chunk dropped"),
            pytest.param(sealed()[: HEADER + STEP] + sealed()[HEADER:], id="chunk doubled"),
        ],
    )
    def test_refuses_a_file_of_another_shape(self, forged: bytes) -> None:
        with pytest.raises(Tampered):
            opened(forged)

    @given(st.integers(min_value=0, max_value=8 * len(sealed(20000)) - 1))
    def test_refuses_any_flipped_bit(self, bit: int) -> None:
        forged = bytearray(sealed(20000))
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            opened(bytes(forged))

    def test_refuses_another_context(self) -> None:
        with pytest.raises(Tampered, match="does not belong"):
            chunked_encryption.decrypt(sealed(), key=KEY, context=b"sub_a|sample|ent_c")

    def test_refuses_another_key_before_it_decrypts_anything(self) -> None:
        with pytest.raises(Tampered, match="does not belong"):
            chunked_encryption.decrypt(sealed(), key=bytes(32), context=CONTEXT)


class TestMessage:
    @given(st.integers(0, 45000), st.integers(0, 45000))
    def test_reads_any_part_without_the_rest(self, offset: int, size: int) -> None:
        part = Message(InMemory(sealed()), key=KEY, context=CONTEXT).read(offset, size)
        assert part == message(40000)[offset : offset + size]

    def test_touches_only_the_chunks_that_it_needs(self) -> None:
        damaged = sealed()[:HEADER] + bytes(STEP) + sealed()[HEADER + STEP :]
        assert (
            Message(InMemory(damaged), key=KEY, context=CONTEXT).read(CHUNK, 5)
            == message(40000)[CHUNK : CHUNK + 5]
        )

    def test_knows_its_size(self) -> None:
        assert Message(InMemory(sealed(CHUNK)), key=KEY, context=CONTEXT).size == CHUNK

    def test_refuses_a_cut_before_it_gives_a_byte(self) -> None:
        with pytest.raises(Tampered):
            Message(InMemory(sealed()[: HEADER + 2 * STEP]), key=KEY, context=CONTEXT)

    @pytest.mark.parametrize(("offset", "size"), [(-1, 5), (5, -1)])
    def test_refuses_negative_places(self, offset: int, size: int) -> None:
        with pytest.raises(ValueError, match="not negative"):
            Message(InMemory(sealed()), key=KEY, context=CONTEXT).read(offset, size)

"""The verifier's own ML-DSA-44: it accepts what FIPS 204 signs, and nothing that only looks like
it.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.verifier.mldsa import OMEGA, is_mldsa44_valid

KEY = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
MESSAGE = b"a receipt"
SIGNATURE = KEY.sign(MESSAGE)
HINTS = 2336


def changed(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes([byte]) + data[at + 1 :]


class TestGood:
    @settings(max_examples=40, deadline=None)
    @given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
    def test_is_what_the_library_signs(self, seed: bytes, message: bytes) -> None:
        key = MLDSA44PrivateKey.from_seed_bytes(seed)
        assert is_mldsa44_valid(key.public_key().public_bytes_raw(), message, key.sign(message))


class TestFalse:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2419), st.integers(1, 255))
    def test_is_a_signature_with_another_byte(self, at: int, change: int) -> None:
        assert not is_mldsa44_valid(PUBLIC, MESSAGE, changed(SIGNATURE, at, SIGNATURE[at] ^ change))

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 1311), st.integers(1, 255))
    def test_is_one_of_another_key(self, at: int, change: int) -> None:
        assert not is_mldsa44_valid(changed(PUBLIC, at, PUBLIC[at] ^ change), MESSAGE, SIGNATURE)

    def test_is_one_of_another_message_or_with_a_context(self) -> None:
        assert not is_mldsa44_valid(PUBLIC, MESSAGE + b"!", SIGNATURE)
        assert not is_mldsa44_valid(PUBLIC, MESSAGE, KEY.sign(MESSAGE, b"context"))

    @pytest.mark.parametrize("size", [0, 2419, 2421])
    def test_is_one_of_another_length(self, size: int) -> None:
        assert not is_mldsa44_valid(PUBLIC, MESSAGE, (SIGNATURE + b"\0")[:size])
        assert not is_mldsa44_valid(PUBLIC[:-1], MESSAGE, SIGNATURE)

    def test_is_a_hint_in_another_spelling(self) -> None:
        """Unused places must be zero, used ones must rise: else one signature would have many
        forms.
        """
        signature = next(
            made for made in iter(lambda: KEY.sign(MESSAGE), b"") if made[HINTS + OMEGA + 3] < OMEGA
        )
        used = signature[HINTS + OMEGA + 3]
        assert is_mldsa44_valid(PUBLIC, MESSAGE, signature)
        assert not is_mldsa44_valid(PUBLIC, MESSAGE, changed(signature, HINTS + used, 7))
        first, second = signature[HINTS], signature[HINTS + 1]
        swapped = changed(changed(signature, HINTS, second), HINTS + 1, first)
        assert not is_mldsa44_valid(PUBLIC, MESSAGE, swapped)

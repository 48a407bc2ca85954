"""The verifier's own Ed25519: it accepts what RFC 8032 signs, and nothing that only looks like
it.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from provenance.verifier.ed25519 import ORDER, P, is_ed25519_valid
from provenance.verifier.parsing import read_json, to_canonical

# RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
# The points of small order, in their canonical encodings and with the sign bit where x = 0 has
# none.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NOT_CANONICAL = [(P + offset).to_bytes(32, "little").hex() for offset in (0, 1, 3)] + [
    # x = 0 with the sign of a negative x
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


class TestEd25519Valid:
    @pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
    def test_accepts_the_vectors_of_rfc_8032(self, key: str, message: str, signature: str) -> None:
        assert is_ed25519_valid(
            bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
        )

    @pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
    def test_refuses_the_same_scalar_plus_the_group_order(
        self, key: str, message: str, signature: str
    ) -> None:
        first, s = (
            bytes.fromhex(signature)[:32],
            int.from_bytes(bytes.fromhex(signature)[32:], "little"),
        )
        malleable = first + (s + ORDER).to_bytes(32, "little")

        assert not is_ed25519_valid(bytes.fromhex(key), bytes.fromhex(message), malleable)

    @pytest.mark.parametrize("key", SMALL_ORDER)
    def test_refuses_keys_of_small_order_under_which_one_signature_fits_all(self, key: str) -> None:
        # With A of small order, R = A and S = 0 verify for every message whose k is a multiple of
        # the order.
        identity = bytes.fromhex(SMALL_ORDER[0])
        assert not any(
            is_ed25519_valid(bytes.fromhex(key), bytes([n]), identity + bytes(32))
            for n in range(16)
        )

    @pytest.mark.parametrize("encoding", NOT_CANONICAL)
    def test_refuses_points_in_any_encoding_but_their_one(self, encoding: str) -> None:
        key, message, signature = (bytes.fromhex(part) for part in VECTORS[1])

        assert not is_ed25519_valid(bytes.fromhex(encoding), message, signature)
        assert not is_ed25519_valid(key, message, bytes.fromhex(encoding) + signature[32:])

    @given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
    def test_accepts_what_another_implementation_signs(self, seed: bytes, message: bytes) -> None:
        private = Ed25519PrivateKey.from_private_bytes(seed)

        assert is_ed25519_valid(
            private.public_key().public_bytes_raw(), message, private.sign(message)
        )

    @given(st.integers(0, 511), st.binary(max_size=50))
    def test_refuses_any_flipped_bit_of_a_signature(self, bit: int, message: bytes) -> None:
        private = Ed25519PrivateKey.from_private_bytes(bytes(32))
        signature = bytearray(private.sign(message))
        signature[bit // 8] ^= 1 << bit % 8

        assert not is_ed25519_valid(
            private.public_key().public_bytes_raw(), message, bytes(signature)
        )

    @pytest.mark.parametrize(("key", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
    def test_refuses_other_lengths(self, key: int, signature: int) -> None:
        assert not is_ed25519_valid(bytes(key), b"", bytes(signature))


class TestCanonical:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
            # RFC 8785, 3.2.3: sorted by UTF-16 code units, so U+1F600 stands before U+FB33
            (
                {"\ufb33": 1, "\U0001f600": 2, "\r": 3, "1": 4},
                '{"\\r":3,"1":4,"\U0001f600":2,"\ufb33":1}',
            ),
            ('\x1f\u2028"\\/\x7f', '"\\u001f\u2028\\"\\\\/\x7f"'),
        ],
    )
    def test_is_rfc_8785(self, value: object, expected: str) -> None:
        assert to_canonical(value) == expected.encode()

    @pytest.mark.parametrize(
        "text",
        [
            "1.5",
            "1e3",
            "NaN",
            "Infinity",
            "9007199254740992",
            "-9007199254740992",
            '{"a":1,"a":2}',
            "9" * 5000,
        ],
    )
    def test_reads_nothing_that_has_no_canonical_form(self, text: str) -> None:
        with pytest.raises(Exception, match=r"no place|beyond|twice"):
            read_json(text.encode())

"""JWS: bytes that stay the same, and a reader that takes one spelling of each value only."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core import canonical_json, jws
from core.base64url import decode_base64url, encode_base64url

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# RFC 8037, appendix A.1 to A.5: the key and the signature over "Example of Ed25519 signing".
RFC_KEY = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_PAYLOAD = b"Example of Ed25519 signing"
RFC_JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

GOLDEN = (
    "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoicmVjb3Jkcy0wMSIsInR5cCI6InNheXNvLXRlc3QrandzIn0."
    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
)


def sign(data: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(RFC_KEY).sign(data)


class TestBase64url:
    @given(st.binary(max_size=100))
    def test_is_there_and_back_the_same(self, data: bytes) -> None:
        spelt = encode_base64url(data)

        assert set(spelt) <= set(LETTERS)
        assert spelt == base64.urlsafe_b64encode(data).decode().rstrip("=")
        assert decode_base64url(spelt) == data

    @given(st.text(LETTERS + "+/= \n.", max_size=12) | st.text(max_size=12))
    def test_has_one_spelling_of_each_value(self, text: str) -> None:
        try:
            data = decode_base64url(text)
        except ValueError:
            return  # refused, which is right for all but the one spelling below

        assert encode_base64url(data) == text

    @given(st.binary(min_size=1, max_size=40), st.integers(1, 15))
    def test_refuses_trailing_bits(self, data: bytes, bits: int) -> None:
        spelt = encode_base64url(data)
        spare = {0: 0, 2: 4, 3: 2}[len(spelt) % 4]
        bits &= (1 << spare) - 1
        last = LETTERS[LETTERS.index(spelt[-1]) | bits]

        if bits:
            with pytest.raises(ValueError, match="canonical"):
                decode_base64url(spelt[:-1] + last)
        else:
            assert decode_base64url(spelt[:-1] + last) == data

    @pytest.mark.parametrize("text", ["QQ==", "QQ=", "Q", "QUI=", "Q Q", "QQ\n", "+/+/", "Ä", "Q."])
    def test_refuses_what_is_another_spelling(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"base64url|ASCII"):
            decode_base64url(text)


class TestSigning:
    def test_keeps_its_bytes(self) -> None:
        made = jws.sign_compact(RFC_PAYLOAD, key_id="records-01", typ="sayso-test+jws", sign=sign)

        assert made == GOLDEN + encode_base64url(sign(GOLDEN.rstrip(".").encode()))

    @given(st.binary(max_size=60), st.text(LETTERS, max_size=20))
    def test_is_read_back(self, payload: bytes, key_id: str) -> None:
        made = jws.sign_compact(payload, key_id=key_id, typ="sayso-test+jws", sign=sign)
        parts = jws.parse_compact(made)

        assert parts.payload == payload
        assert parts.header == {"alg": "Ed25519", "kid": key_id, "typ": "sayso-test+jws"}
        assert parts.signed == made.rpartition(".")[0].encode()
        assert parts.signature == sign(parts.signed)

    def test_of_a_general_form_is_the_same_as_of_the_compact_one(self) -> None:
        payload = encode_base64url(RFC_PAYLOAD)
        one = jws.sign_encoded(payload, algorithm="Ed25519", key_id="k", typ="t", sign=sign)

        assert f"{one.protected}.{payload}.{one.signature}" == jws.sign_compact(
            RFC_PAYLOAD, key_id="k", typ="t", sign=sign
        )


class TestReading:
    def test_takes_the_example_of_the_standard(self) -> None:
        parts = jws.parse_compact(RFC_JWS)

        assert parts.header == {"alg": "EdDSA"}
        assert parts.payload == RFC_PAYLOAD
        assert parts.signature == sign(parts.signed)

    @pytest.mark.parametrize(
        "head",
        [b"", b"[]", b'"alg"', b"null", b'{"alg":"a","alg":"b"}', b"{", b"\xff"],
        ids=["empty", "list", "string", "null", "twice", "broken", "not-utf-8"],
    )
    def test_refuses_a_header_that_is_no_plain_object(self, head: bytes) -> None:
        with pytest.raises(ValueError, match="header"):
            jws.parse_compact(f"{encode_base64url(head)}.QQ.QQ")

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "e30.QQ", "e30.QQ.QQ.QQ", "e30.QQ==.QQ", "e30.QR.QQ"]
    )
    def test_refuses_what_has_not_three_clean_parts(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"JWS|base64url"):
            jws.parse_compact(text)


def test_canonical_headers_are_those_of_the_standard_library() -> None:
    header = {"typ": "sayso-test+jws", "alg": "Ed25519", "kid": "records-0123456789abcdef"}

    assert canonical_json.dump(header) == json.dumps(
        header, separators=(",", ":"), sort_keys=True
    ).encode("ascii")

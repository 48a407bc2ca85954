"""The bytes of an entry, and the commitment to its body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.ledger import entries

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONSENT, GRANT = "con_" + "a" * 26, "grt_" + "b" * 26
KEY = bytes(range(32))


def build(**changes: Any) -> bytes:
    given = {
        "event_id": "evt_" + "c" * 26, "organisation_id": "org_" + "d" * 26, "livemode": True,
        "kind": "consent.revoked", "at": NOON, "subject": "sub_" + "e" * 26,
        "commitment": entries.commitment(KEY, {"reason": "withdrawn"}),
        "refs": {"grant": GRANT, "consent": CONSENT},
    }  # fmt: skip
    return entries.build(**{**given, **changes})


class TestKeyedHash:
    def test_is_an_hmac_of_its_own_domain(self) -> None:
        made = hmac.digest(KEY, b"sayso-script-v1\n" + "Café".encode(), "sha256")

        assert entries.keyed_hash(KEY, "script", "Café") == base64.b64encode(made).decode()

    def test_does_not_mind_how_an_accent_is_spelt(self) -> None:
        assert entries.keyed_hash(KEY, "script", "Cafe\u0301") == entries.keyed_hash(KEY, "script", "Café")

    def test_is_another_under_another_key(self) -> None:
        assert entries.keyed_hash(KEY, "script", "a") != entries.keyed_hash(bytes(32), "script", "a")

    @pytest.mark.parametrize(("key", "name"), [(KEY[1:], "script"), (KEY, "commitment"), (KEY, ""), (KEY, "a\nb")])
    def test_refuses_a_short_key_and_the_commitments_own_domain(self, key: bytes, name: str) -> None:
        with pytest.raises(ValueError, match="key"):
            entries.keyed_hash(key, name, "text")


class TestBuild:
    def test_gives_canonical_json_of_exactly_this_shape(self) -> None:
        assert json.loads(build()) == {
            "v": 1, "t": "consent.revoked", "id": "evt_" + "c" * 26, "ts": 1795262400000, "org": "org_" + "d" * 26,
            "kid": "sub_" + "e" * 26, "c": entries.commitment(KEY, {"reason": "withdrawn"}),
            "alg": "hkdf-hmac-sha256/1",
            "refs": [{"r": "consent", "id": CONSENT}, {"r": "grant", "id": GRANT}],
        }  # fmt: skip
        assert build() == json.dumps(json.loads(build()), sort_keys=True, separators=(",", ":")).encode()

    def test_stays_below_512_bytes_with_four_refs(self) -> None:
        refs = {"clip": CONSENT, "consent": CONSENT, "decision": CONSENT, "grant": GRANT}

        assert len(build(refs=refs)) < 512

    def test_says_of_test_data_that_it_is_not_live(self) -> None:
        assert json.loads(build(livemode=False))["live"] is False
        assert "live" not in json.loads(build())

    def test_refuses_an_unknown_kind(self) -> None:
        with pytest.raises(ValueError, match="unknown kind"):
            build(kind="consent.revokd")

    @pytest.mark.parametrize("ref", ["", "Maria Huber", "maria@example.org", "con_short", "con_" + "A" * 26])
    def test_refuses_a_ref_that_is_no_public_id(self, ref: str) -> None:
        with pytest.raises(ValueError, match="public id"):
            build(refs={"consent": ref})

    def test_reads_as_it_was_written(self) -> None:
        facts = entries.read(build(livemode=False))

        assert (facts.kind, facts.livemode, facts.at_ms) == ("consent.revoked", False, 1795262400000)
        assert dict(facts.refs) == {"consent": CONSENT, "grant": GRANT}

    @pytest.mark.parametrize("payload", [b"", b"{}", b'{"v":2}', b"[]"])
    def test_nothing_else_is_read(self, payload: bytes) -> None:
        with pytest.raises((ValueError, KeyError, TypeError)):
            entries.read(payload)


class TestCommitment:
    def test_is_hmac_sha256_over_domain_and_jcs(self) -> None:
        by_hand = hmac.new(KEY, b'sayso-commitment-v1\n{"a":1,"b":"\xc3\xa9"}', hashlib.sha256).digest()

        assert entries.commitment(KEY, {"b": "é", "a": 1}) == base64.b64encode(by_hand).decode()

    @given(st.binary(min_size=32, max_size=32), st.dictionaries(st.text(max_size=4), st.integers(0, 9), max_size=3))
    def test_opens_with_this_key_and_body_alone(self, key: bytes, body: dict[str, int]) -> None:
        payload = build(commitment=entries.commitment(KEY, {"reason": "withdrawn"}))

        assert entries.opens(payload, key=KEY, body={"reason": "withdrawn"})
        assert not entries.opens(payload, key=key, body={"reason": "withdrawn"}) or key == KEY
        assert not entries.opens(payload, key=KEY, body=body)

    @pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
    def test_refuses_a_key_of_another_length(self, length: int) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            entries.commitment(bytes(length), {})

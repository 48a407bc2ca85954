"""The bytes of an entry, and the commitment to its body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transparency_log.formats import entry_kinds, log_entry

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONSENT, GRANT = "con_" + "a" * 26, "grt_" + "b" * 26
KEY = bytes(range(32))
KID = log_entry.compute_kid(KEY, "evt_" + "c" * 26)


def build(**changes: Any) -> bytes:
    given = {
        "event_id": "evt_" + "c" * 26, "organisation_id": "org_" + "d" * 26, "livemode": True,
        "kind": "consent.revoked", "at": NOON, "kid": KID,
        "commitment": log_entry.compute_commitment(KEY, {"reason": "withdrawn"}),
        "refs": {"grant": GRANT, "consent": CONSENT},
    }  # fmt: skip
    return log_entry.build_entry(**{**given, **changes})


prefixes = st.sampled_from(sorted(log_entry.NAMEABLE))
LONGEST = [letter * 12 for letter in "abcd"]


class TestKid:
    def test_is_an_hmac_of_the_event_in_its_own_domain(self) -> None:
        made = hmac.digest(KEY, b"sayso-kid-v1\nevt_" + b"c" * 26, "sha256")[:16]

        assert base64.urlsafe_b64decode(KID + "==") == made

    def test_is_another_one_for_every_event_of_one_subject(self) -> None:
        assert log_entry.compute_kid(KEY, "evt_" + "a" * 26) != log_entry.compute_kid(
            KEY, "evt_" + "b" * 26
        )

    def test_refuses_a_short_key(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            log_entry.compute_kid(KEY[1:], "evt_" + "a" * 26)


class TestKeyedHash:
    def test_is_an_hmac_of_its_own_domain(self) -> None:
        made = hmac.digest(KEY, b"sayso-script-v1\n" + "Café".encode(), "sha256")

        assert (
            log_entry.compute_keyed_hash(KEY, "script", "Café") == base64.b64encode(made).decode()
        )

    def test_does_not_mind_how_an_accent_is_spelt(self) -> None:
        assert log_entry.compute_keyed_hash(
            KEY, "script", "Cafe\u0301"
        ) == log_entry.compute_keyed_hash(KEY, "script", "Café")

    def test_is_another_under_another_key(self) -> None:
        assert log_entry.compute_keyed_hash(KEY, "script", "a") != log_entry.compute_keyed_hash(
            bytes(32), "script", "a"
        )

    @pytest.mark.parametrize(
        ("key", "name"),
        [(KEY[1:], "script"), (KEY, "commitment"), (KEY, "kid"), (KEY, ""), (KEY, "a\nb")],
    )
    def test_refuses_a_short_key_and_the_commitments_own_domain(
        self, key: bytes, name: str
    ) -> None:
        with pytest.raises(ValueError, match="key"):
            log_entry.compute_keyed_hash(key, name, "text")


class TestBuild:
    def test_gives_canonical_json_of_exactly_this_shape(self) -> None:
        assert json.loads(build()) == {
            "v": 2, "t": "consent.revoked", "id": "evt_" + "c" * 26, "ts": 1795262400000,
            "org": "org_" + "d" * 26, "kid": KID,
            "c": log_entry.compute_commitment(KEY, {"reason": "withdrawn"}),
            "refs": {"consent": CONSENT, "grant": GRANT},
        }  # fmt: skip
        assert (
            build()
            == json.dumps(json.loads(build()), sort_keys=True, separators=(",", ":")).encode()
        )

    @given(
        st.sampled_from(sorted(kind.name for kind in entry_kinds.kinds)),
        st.dictionaries(
            st.from_regex(r"[a-z][a-z_]{0,11}", fullmatch=True),
            prefixes,
            max_size=log_entry.MOST_REFS,
        ),
        st.integers(0, 2932896).map(
            lambda days: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)
        ),
        st.booleans(),
        st.sampled_from([None, *sorted(log_entry.PARTIES)]),
    )
    @example(
        "consent.activated",
        dict.fromkeys(LONGEST, "con"),
        datetime(9999, 12, 31, tzinfo=UTC),
        False,
        None,
    )
    @example(
        "consent.revoked",
        dict.fromkeys(LONGEST, "con"),
        datetime(9999, 12, 31, tzinfo=UTC),
        False,
        "organisation",
    )
    def test_stays_below_512_bytes_whatever_it_refers_to(
        self, kind: str, refs: dict[str, str], at: datetime, livemode: bool, by: str | None
    ) -> None:
        named = {name: f"{prefix}_{'a' * 26}" for name, prefix in refs.items()}
        tells = by if entry_kinds.get_kind(kind).tells_by else None

        payload = build(kind=kind, refs=named, at=at, livemode=livemode, by=tells)

        assert len(payload) < 512
        assert dict(log_entry.read_entry(payload).refs) == named

    @pytest.mark.parametrize(
        "changes",
        [{"organisation_id": "org_" + "d" * 300}, {"commitment": "c" * 300}, {"kid": "k" * 300}],
    )
    def test_refuses_more_than_511_bytes(self, changes: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="511 bytes"):
            build(**changes)

    def test_refuses_a_fifth_ref(self) -> None:
        with pytest.raises(ValueError, match="at most 4"):
            build(refs={f"ref{letter}": CONSENT for letter in "abcde"})

    @pytest.mark.parametrize("prefix", ["spk", "sub", "mem", "req", "abc"])
    def test_refuses_to_name_a_person_in_the_open(self, prefix: str) -> None:
        with pytest.raises(ValueError, match="link the entries"):
            build(refs={"about": f"{prefix}_{'a' * 26}"})

    def test_says_in_the_open_who_wanted_a_consent_to_end(self) -> None:
        assert json.loads(build(by="person"))["by"] == "person"
        assert log_entry.read_entry(build(by="authority")).by == "authority"
        assert "by" not in json.loads(build())

    @pytest.mark.parametrize(
        ("kind", "by"), [("consent.revoked", "Maria"), ("clip.issued", "person")]
    )
    def test_says_so_in_three_words_and_of_an_end_alone(self, kind: str, by: str) -> None:
        with pytest.raises(ValueError, match="who wanted it"):
            build(kind=kind, by=by)

    def test_says_of_test_data_that_it_is_not_live(self) -> None:
        assert json.loads(build(livemode=False))["live"] is False
        assert "live" not in json.loads(build())

    def test_refuses_an_unknown_kind(self) -> None:
        with pytest.raises(ValueError, match="unknown kind"):
            build(kind="consent.revokd")

    @pytest.mark.parametrize(
        "ref", ["", "Maria Huber", "maria@example.org", "con_short", "con_" + "A" * 26]
    )
    def test_refuses_a_ref_that_is_no_public_id(self, ref: str) -> None:
        with pytest.raises(ValueError, match="public id"):
            build(refs={"consent": ref})

    def test_reads_as_it_was_written(self) -> None:
        facts = log_entry.read_entry(build(livemode=False))

        assert (facts.kind, facts.livemode, facts.at_ms) == (
            "consent.revoked",
            False,
            1795262400000,
        )
        assert dict(facts.refs) == {"consent": CONSENT, "grant": GRANT}

    def test_reads_an_entry_of_the_first_version_too(self) -> None:
        entry = {
            "alg": "hkdf-hmac-sha256/1", "c": "c" * 44, "id": "evt_" + "c" * 26,
            "kid": "sub_" + "e" * 26, "org": "org_" + "d" * 26,
            "refs": [{"id": CONSENT, "r": "consent"}], "t": "consent.expired", "ts": 1, "v": 1,
        }  # fmt: skip
        facts = log_entry.read_entry(json.dumps(entry).encode())

        assert (facts.kind, facts.refs, facts.by) == (
            "consent.expired",
            (("consent", CONSENT),),
            None,
        )

    @pytest.mark.parametrize("payload", [b"", b"{}", b'{"v":2}', b'{"v":3}', b"[]"])
    def test_nothing_else_is_read(self, payload: bytes) -> None:
        with pytest.raises((ValueError, KeyError, TypeError)):
            log_entry.read_entry(payload)


class TestCommitment:
    def test_is_hmac_sha256_over_domain_and_jcs(self) -> None:
        by_hand = hmac.new(
            KEY, b'sayso-commitment-v1\n{"a":1,"b":"\xc3\xa9"}', hashlib.sha256
        ).digest()

        assert (
            log_entry.compute_commitment(KEY, {"b": "é", "a": 1})
            == base64.b64encode(by_hand).decode()
        )

    @given(
        st.binary(min_size=32, max_size=32),
        st.dictionaries(st.text(max_size=4), st.integers(0, 9), max_size=3),
    )
    def test_opens_with_this_key_and_body_alone(self, key: bytes, body: dict[str, int]) -> None:
        payload = build(commitment=log_entry.compute_commitment(KEY, {"reason": "withdrawn"}))

        assert log_entry.matches_commitment(payload, key=KEY, body={"reason": "withdrawn"})
        assert (
            not log_entry.matches_commitment(payload, key=key, body={"reason": "withdrawn"})
            or key == KEY
        )
        assert not log_entry.matches_commitment(payload, key=KEY, body=body)

    @pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
    def test_refuses_a_key_of_another_length(self, length: int) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            log_entry.compute_commitment(bytes(length), {})

"""Receipts checked by the shipped program: over real speech they verify, and whatever is changed is
refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django import Settings

from accounts.models import Organisation
from audio.sound import Sound
from provenance.verifier.ed25519 import ORDER
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import export_scenario
from tests.support.receipt_folders import (
    Papers,
    base64url,
    canonical,
    fetch,
    payload_of,
    signed_by,
    unbase64url,
)
from tests.voices.conftest import Http, MakeConsent, MakeVoice, Reader, reading
from tests.voices.test_second_mark import sixteen_seconds
from vault import signing_keys
from voices.models import Voice

pytestmark = pytest.mark.usefixtures("reader")

ALWAYS_OPEN = {"second signature", "marks", "consent today"}
THEIRS = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def papers(client: Http, voice: Voice, tmp_path: Path) -> Papers:
    return fetch(client, voice, tmp_path / "papers")


def forged(papers: Papers, change: Any, acme_id: str) -> None:
    """Change what the receipt says and sign it again with the real key, as a dishonest service
    could.
    """
    signer = signing_keys.get_signer("receipts", organisation_id=acme_id, at=NOON)
    said = payload_of(papers.read("receipt"))
    change(said)
    head = {"alg": "Ed25519", "kid": signer.key_id, "typ": "sayso-receipt+jws"}
    papers.write("receipt", signed_by(signer.sign, head, canonical(said)))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value that is neither list nor object."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return ("b" if value[:1] == "a" else "a") + value[1:]
    return "something"


class TestARoundTrip:
    def test_verifies_with_everything(self, papers: Papers) -> None:
        verdict = papers.verify()

        assert verdict.code == 0
        assert {name for name, result in verdict.checks.items() if result != "ok"} == ALWAYS_OPEN
        assert set(verdict.checks.values()) == {"ok", "not checked"}

    @pytest.mark.parametrize("missing", ["proof", "audio", "opening", "script"])
    def test_never_says_ok_of_what_it_had_no_paper_for(self, papers: Papers, missing: str) -> None:
        verdict = papers.verify(*({"proof", "audio", "opening", "script"} - {missing}))

        check = "log" if missing == "proof" else missing
        also = {"script"} if missing == "opening" else set()
        assert verdict.code == 0
        assert {name for name, said in verdict.checks.items() if said != "ok"} == ALWAYS_OPEN | {
            check
        } | also

    def test_says_of_each_check_what_it_proves_and_what_not(self, papers: Papers) -> None:
        verdict = papers.verify()

        for name, result in verdict.checks.items():
            assert ("Proves:" in verdict.details[name]) == (result == "ok")
            assert ("Does not prove:" in verdict.details[name]) == (result == "ok")

    def test_knows_a_wav_file_with_the_same_samples(self, papers: Papers) -> None:
        samples, rate = soundfile.read(papers.folder / "audio", dtype="int16")
        soundfile.write(papers.folder / "other.wav", samples, rate, subtype="PCM_16")
        papers.write("audio", (papers.folder / "other.wav").read_bytes() + b"LIST\x04\0\0\0tags")

        verdict = papers.verify()
        assert (verdict.code, verdict.checks["audio"]) == (0, "ok")
        assert "not the delivered bytes" in verdict.details["audio"]

    def test_takes_the_openings_of_a_bundle_and_a_line_end_after_the_script(
        self, papers: Papers
    ) -> None:
        papers.write("opening", b'{"id":"evt_other"}\n' + papers.read("opening") + b"\n")
        papers.write("script", papers.read("script") + b"\n")

        assert papers.verify().checks["script"] == "ok"

    def test_wants_keys_from_outside(self, papers: Papers) -> None:
        done = export_scenario.run_program("receipt", str(papers.folder / "receipt"))
        assert (done.returncode, "--key" in done.stderr) == (2, True)


class TestOtherClips:
    def test_with_a_second_mark_verify_too(
        self, client: Http, voice: Voice, reader: Reader, tmp_path: Path, acme: Organisation
    ) -> None:
        reader.sound = sixteen_seconds()
        papers = fetch(client, voice, tmp_path / "papers")

        assert payload_of(papers.read("receipt"))["marks"]["watermark"]["second_marks"]
        assert papers.verify().code == 0

    @pytest.mark.parametrize("codec", ["mp3", "opus", "flac"])
    def test_in_other_codecs_verify_too(
        self, client: Http, voice: Voice, tmp_path: Path, codec: str
    ) -> None:
        papers = fetch(client, voice, tmp_path / "papers", output={"codec": codec})

        assert payload_of(papers.read("receipt"))["marks"]["c2pa"]
        assert papers.verify().code == 0

    def test_that_left_unmarked_say_so(
        self, client: Http, voice: Voice, reader: Reader, tmp_path: Path, acme: Organisation
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"mark_failed": "deliver"})
        reader.sound = Sound(np.zeros(3 * 24_000, dtype=np.float32), 24_000)
        papers = fetch(client, voice, tmp_path / "papers")

        assert payload_of(papers.read("receipt"))["marks"]["watermark"] == "silent"
        verdict = papers.verify()
        assert (verdict.code, "no watermark" in verdict.details["marks"]) == (0, True)


class TestAChangedField:
    def test_is_refused_wherever_it_stands(self, papers: Papers) -> None:
        whole = papers.read("receipt")
        head, _, signature = whole.split(b".")
        said = payload_of(whole)
        places = list(leaves(said))
        assert len(places) > 40
        for path in places:
            changed = json.loads(json.dumps(said))
            inner = changed
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = another(inner[path[-1]])
            papers.write("receipt", b".".join([head, base64url(canonical(changed)), signature]))
            assert papers.code("proof") == 1, path

    def test_is_refused_even_when_the_service_itself_signs_it(
        self, papers: Papers, acme: Organisation
    ) -> None:
        """With proof, audio, opening and script, nothing but the time of signing is its word
        alone.
        """
        original = papers.read("receipt")
        free = {("signed_at",)}
        for path in leaves(payload_of(original)):
            papers.write("receipt", original)

            def change(said: dict[str, Any], path: tuple[Any, ...] = path) -> None:
                inner: Any = said
                for step in path[:-1]:
                    inner = inner[step]
                inner[path[-1]] = another(inner[path[-1]])

            forged(papers, change, acme.id)
            assert papers.code() == 1 or path in free, path

    def test_of_the_audio_is_refused(self, papers: Papers) -> None:
        data = bytearray(papers.read("audio"))
        data[len(data) // 2] ^= 1
        papers.write("audio", bytes(data))

        assert papers.verify().checks["audio"] == "REFUSED"

    def test_of_the_script_is_refused(self, papers: Papers) -> None:
        papers.write("script", papers.read("script") + b"!")

        assert papers.verify().checks["script"] == "REFUSED"


class TestPapersOfAnother:
    @pytest.fixture
    def other(
        self, client: Http, voice: Voice, tmp_path: Path, papers: Papers, reader: Reader
    ) -> Papers:
        reader.sound = reading(
            "0880"
        )  # another sound: copies of one sound have one mark and the same samples
        return fetch(
            client,
            voice,
            tmp_path / "other",
            text="Another line of the very same book, read aloud at home.",
        )

    @pytest.mark.parametrize(
        ("paper", "check"), [("proof", "log"), ("opening", "opening"), ("script", "script")]
    )
    def test_clip_are_refused(self, papers: Papers, other: Papers, paper: str, check: str) -> None:
        papers.write(paper, other.read(paper))

        verdict = papers.verify()
        assert (verdict.code, verdict.checks[check]) == (1, "REFUSED")

    def test_clips_audio_is_refused(self, papers: Papers, other: Papers) -> None:
        assert papers.read("audio") != other.read("audio"), "each clip has a mark of its own"
        papers.write("audio", other.read("audio"))

        assert papers.verify().checks["audio"] == "REFUSED"

    def test_organisations_keys_are_refused(
        self, papers: Papers, bolt: Organisation, make_consent: MakeConsent, make_voice: MakeVoice,
        make_key: MakeKey, client_of: ClientOf, tmp_path: Path,
    ) -> None:  # fmt: skip
        theirs = fetch(
            client_of(make_key(organisation=bolt)),
            make_voice(make_consent(organisation=bolt)),
            tmp_path / "bolt",
        )
        assert theirs.verify().code == 0
        papers.write("keys.json", theirs.read("keys.json"))

        verdict = papers.verify()
        assert (verdict.code, dict(verdict.checks)) == (1, {"signature": "REFUSED"})


class TestAForger:
    def test_who_signs_with_a_key_of_their_own_is_refused(
        self, papers: Papers, acme: Organisation
    ) -> None:
        kid = signing_keys.get_signer("receipts", organisation_id=acme.id, at=NOON).key_id
        payload = unbase64url(papers.read("receipt").decode().split(".")[1])
        head = {"alg": "Ed25519", "kid": kid, "typ": "sayso-receipt+jws"}
        papers.write("receipt", signed_by(THEIRS.sign, head, payload))

        assert papers.verify().checks == {"signature": "REFUSED"}

    @pytest.mark.parametrize(
        "head",
        [
            {"alg": "none"},
            {"alg": "HS256"},
            {"typ": "sayso-manifest+jws"},
            {"crit": ["b64"]},
            {"jwk": "mine"},
        ],
    )
    def test_who_changes_the_header_is_refused(
        self, papers: Papers, acme: Organisation, head: dict[str, Any]
    ) -> None:
        signer = signing_keys.get_signer("receipts", organisation_id=acme.id, at=NOON)
        payload = unbase64url(papers.read("receipt").decode().split(".")[1])
        whole = {"alg": "Ed25519", "kid": signer.key_id, "typ": "sayso-receipt+jws"} | head
        papers.write("receipt", signed_by(signer.sign, whole, payload))

        assert papers.verify().checks["signature"] == "REFUSED"

    def test_who_adds_the_groups_order_to_the_signature_is_refused(self, papers: Papers) -> None:
        """RFC 8032, 5.1.7: S must lie below L, else one receipt would have two spellings."""
        head, payload, signature = papers.read("receipt").decode().split(".")
        raw = unbase64url(signature)
        s = int.from_bytes(raw[32:], "little") + ORDER
        assert s < 2**256
        papers.write(
            "receipt",
            f"{head}.{payload}.".encode() + base64url(raw[:32] + s.to_bytes(32, "little")),
        )

        assert papers.verify().checks == {"signature": "REFUSED"}

    def test_who_uses_a_key_after_its_time_is_refused(self, papers: Papers) -> None:
        keys = json.loads(papers.read("keys.json"))
        keys["receipts"][0]["valid_until"] = keys["receipts"][0]["valid_from"]
        papers.write("keys.json", json.dumps(keys).encode())

        assert papers.verify().checks["form"] == "REFUSED"

    def test_who_spells_a_key_twice_is_refused(self, papers: Papers, acme: Organisation) -> None:
        signer = signing_keys.get_signer("receipts", organisation_id=acme.id, at=NOON)
        payload = unbase64url(papers.read("receipt").decode().split(".")[1])
        twice = payload.replace(b'{"audio"', b'{"clip":"clp_mine","audio"', 1)
        head = {"alg": "Ed25519", "kid": signer.key_id, "typ": "sayso-receipt+jws"}
        papers.write("receipt", signed_by(signer.sign, head, twice))

        assert papers.verify().checks["form"] == "REFUSED"


class TestUnreadable:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"a.b",
            b"{}",
            b"[1]",
            b"\xff.\xff.\xff",
            b'{"payload":"x","payload":"y"}',
            b"{" * 100_000,
        ],
    )
    def test_is_what_is_no_receipt(self, papers: Papers, data: bytes) -> None:
        papers.write("receipt", data)
        assert papers.verify().code == 2

    def test_is_what_is_huge(self, papers: Papers) -> None:
        papers.write("receipt", b"a" * 300_000 + b".b.c")
        assert papers.verify().code == 2

    @pytest.mark.parametrize("cut", [1, 10, 100, 400])
    def test_or_refused_is_what_was_cut(self, papers: Papers, cut: int) -> None:
        papers.write("receipt", papers.read("receipt")[:-cut])
        assert papers.verify().code in {1, 2}

    @pytest.mark.parametrize("paper", ["proof", "opening"])
    @pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"c2sp.org/tlog-proof@v1\nindex 0\n\n"])
    def test_papers_are_refused(self, papers: Papers, paper: str, data: bytes) -> None:
        papers.write(paper, data)
        assert papers.verify().code == 1

    def test_is_a_key_file_that_is_none(self, papers: Papers) -> None:
        papers.write("keys.json", b'{"receipts": [{"key_id": 1}]}')
        assert papers.verify().code == 2

    def test_is_a_key_file_without_keys_for_receipts(
        self, papers: Papers, client: Http, acme: Organisation
    ) -> None:
        papers.write("keys.json", client.get(f"/log/{acme.id}/key").content)

        verdict = papers.verify()
        assert (verdict.code, dict(verdict.checks)) == (1, {"signature": "REFUSED"})
        assert "has no key for receipts" in verdict.details["signature"]


class TestPostQuantum:
    @pytest.fixture
    def papers(self, client: Http, voice: Voice, tmp_path: Path, settings: Settings) -> Papers:
        settings.SAYSO_RECEIPTS_ML_DSA = True
        return fetch(client, voice, tmp_path / "papers", form="json")

    def test_is_verified_too(self, papers: Papers) -> None:
        verdict = papers.verify()
        assert (verdict.code, verdict.checks["second signature"]) == (0, "ok")

    def test_is_refused_when_a_byte_is_another(self, papers: Papers) -> None:
        whole = json.loads(papers.read("receipt"))
        raw = bytearray(unbase64url(whole["signatures"][1]["signature"]))
        raw[100] ^= 1
        whole["signatures"][1]["signature"] = base64url(bytes(raw)).decode()
        papers.write("receipt", json.dumps(whole).encode())

        assert papers.verify().checks["second signature"] == "REFUSED"

    def test_is_not_checked_without_its_key(self, papers: Papers) -> None:
        keys = json.loads(papers.read("keys.json"))
        del keys["receipts-mldsa44"]
        papers.write("keys.json", json.dumps(keys).encode())

        verdict = papers.verify()
        assert (verdict.code, verdict.checks["second signature"]) == (0, "not checked")

    def test_does_not_stand_for_the_first_signature(self, papers: Papers) -> None:
        whole = json.loads(papers.read("receipt"))
        whole["signatures"] = whole["signatures"][1:]
        papers.write("receipt", json.dumps(whole).encode())

        assert papers.verify().checks == {"signature": "REFUSED"}

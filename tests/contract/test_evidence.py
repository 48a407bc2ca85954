"""The contract of what remains: the log, exports, erasures; and of what runs the rest: keys, the
test clock, health.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.models import SealedReason
from core import clock
from erasure import execution
from provenance.exports import worker
from tests.contract.conftest import Sender, World, problem
from tests.fixtures.organisations import MakeKey
from tests.support.api_calls import decided, signed
from tests.voices.conftest import noon

pytestmark = pytest.mark.django_db


class TestLog:
    def test_is_open_to_everyone(self, http: Sender, world: World, anybody: Sender) -> None:
        clip = http.get(f"/v1/clips/{world['clip_id']}").json()
        http.get(f"/v1/clips/{world['clip_id']}/proof")  # settles
        base = f"/log/{clip['watermark']['key'].partition('|')[0]}"
        checkpoint, key = anybody.get(f"{base}/checkpoint"), anybody.get(f"{base}/key")
        origin, size, root = checkpoint.content.decode().splitlines()[:3]
        assert key.content.decode().startswith(f"{origin}+")
        assert len(base64.b64decode(root)) == 32
        assert checkpoint["Content-Type"].startswith("text/plain")
        hashes = anybody.get(f"{base}/tile/0/000.p/{size}")
        assert (len(hashes.content), hashes["Content-Type"]) == (
            32 * int(size),
            "application/octet-stream",
        )
        assert "immutable" in hashes["Cache-Control"]

    def test_entries_hash_to_the_tiles_and_are_signed_for(
        self, http: Sender, world: World, anybody: Sender
    ) -> None:
        organisation = (
            http.get(f"/v1/clips/{world['clip_id']}").json()["watermark"]["key"].partition("|")[0]
        )
        http.get(f"/v1/clips/{world['clip_id']}/proof")
        note = anybody.get(f"/log/{organisation}/checkpoint").content.decode()
        size = int(note.splitlines()[1])
        data = anybody.get(f"/log/{organisation}/tile/entries/000.p/{size}").content
        hashes = anybody.get(f"/log/{organisation}/tile/0/000.p/{size}").content
        entries = list(bundle(data))
        assert b"".join(hashlib.sha256(b"\0" + entry).digest() for entry in entries) == hashes
        assert {"t", "id", "c"} <= set(json.loads(entries[0]))
        body, _, signatures = note.partition("\n\n")
        key = b64(
            anybody.get(f"/log/{organisation}/key")
            .content.decode()
            .splitlines()[0]
            .split("+", 2)[2]
        )
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(
            b64(signatures.split()[2])[4:], f"{body}\n".encode()
        )


class TestExport:
    @pytest.mark.django_db(transaction=True)
    def test_is_made_and_downloaded(self, http: Sender, world: World) -> None:
        assert world["clip_id"]
        answer = http.post("/v1/exports", {"kind": "audit"})
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
        problem(http.get(answer["Location"] + "/download"), 409, "export_not_ready")
        worker.make_pending_exports(now=clock.now)
        shown = http.get(answer["Location"]).json()
        assert (shown["state"], list(shown["progress"])) == ("ready", ["rows"])
        zipped = b"".join(http.get(answer["Location"] + "/download").streaming_content)
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
            assert {"manifest.json", "openings.jsonl", "verify.py", "README.txt"} <= names
            manifest = next(name for name in archive.namelist() if name.endswith("manifest.json"))
            counts = json.loads(archive.read(manifest))["counts"]
        assert {"speakers", "consents", "voices", "clips", "decisions"} <= set(counts)


class TestErasure:
    def test_ends_in_a_certificate(self, http: Sender, world: World) -> None:
        speaker = world["speaker_id"]
        answer = http.post(f"/v1/speakers/{speaker}/erase", {"reason": "requested"})
        assert (answer.status_code, answer.json()["state"], answer["Location"][:14]) == (
            202,
            "running",
            "/v1/erasures/e",
        )
        problem(http.get(answer["Location"] + "/certificate"), 409, "erasure_running")
        execution.continue_erasure(answer.json()["id"], now=noon)
        shown = http.get(answer["Location"]).json()
        assert (
            shown["state"],
            {target["state"] for target in shown["targets"]} <= {"confirmed", "kept"},
        ) == (
            "completed",
            True,
        )
        certificate = http.get(answer["Location"] + "/certificate").json()
        assert b64url(certificate["jws"].split(".")[1]) == base64.b64decode(certificate["record"])
        assert http.get(answer["Location"] + "/certificate.pdf").content.startswith(b"%PDF-")
        assert http.get(f"/v1/speakers/{speaker}").json()["name"] is None

    @pytest.mark.parametrize(
        ("reason", "kept", "warned"),
        [
            ("requested", "requested", False),
            ("requested_by_person", "requested_by_person", False),
            ("She moved to Harbour Street", "other", True),
            ("Requested", "requested", False),
            ("dispute", "other", True),
            ("other", "other", False),
        ],
    )
    def test_keeps_no_words_and_says_so(
        self, http: Sender, world: World, reason: str, kept: str, *, warned: bool
    ) -> None:
        answer = http.post(f"/v1/speakers/{world['speaker_id']}/erase", {"reason": reason}).json()
        assert answer["reason"] == kept
        assert [one["code"] for one in answer["warnings"]] == (
            ["reason_not_kept"] if warned else []
        )
        assert SealedReason.objects.filter(sealed__isnull=False).count() == 0
        assert "Harbour" not in json.dumps(
            [answer, http.get(f"/v1/erasures/{answer['id']}").json()]
        )


class TestApiKey:
    def test_shows_its_secret_once(self, http: Sender) -> None:
        body = {"product": "Reader", "scopes": ["clips:read"], "mode": "test"}
        answer = http.post("/v1/api_keys", body)
        made = answer.json()
        assert (answer.status_code, made["secret"][:11]) == (201, "sayso_test_")
        assert "secret" not in http.get(f"/v1/api_keys/{made['id']}").json()
        assert Sender(made["secret"]).get("/v1/clips").status_code == 200

    def test_has_two_secrets_while_it_rotates(self, http: Sender) -> None:
        first = http.post(
            "/v1/api_keys", {"product": "R", "scopes": ["clips:read"], "mode": "test"}
        ).json()
        second = http.post(f"/v1/api_keys/{first['id']}/rotate", {"overlap": "PT1H"}).json()
        assert second["previous_secret_until"] == "2026-11-21T13:00:00Z"
        assert [Sender(one["secret"]).get("/v1/clips").status_code for one in (first, second)] == [
            200,
            200,
        ]
        http.delete(f"/v1/api_keys/{first['id']}")
        assert [Sender(one["secret"]).get("/v1/clips").status_code for one in (first, second)] == [
            401,
            401,
        ]


class TestTestClock:
    def test_moves_what_test_keys_see(self, http: Sender) -> None:
        consent = signed(http)
        assert (
            http.post("/v1/test/clock", {"advance": "P1Y"}).json()["now"] == "2027-11-21T12:00:00Z"
        )
        found = decided(http, consent=consent["id"])
        assert "consent_expired" in {reason["code"] for reason in found["reasons"]}

    def test_stands_still_for_live_keys(self, make_key: MakeKey) -> None:
        problem(
            Sender(make_key(live=True).secret).post("/v1/test/clock", {"advance": "P1Y"}),
            403,
            "test_key_needed",
        )


class TestHealth:
    def test_is_told_without_a_key(self, anybody: Sender) -> None:
        assert anybody.get("/health/live").json() == {"status": "ok"}
        assert anybody.get("/health/ready").json()["status"] == "ok"
        assert set(anybody.get("/health/version").json()) == {"name", "version"}
        problem(anybody.get("/metrics"), 404, "not_found")


def bundle(data: bytes) -> Iterator[bytes]:
    """The entries of an entry bundle: each after its length in two bytes."""
    while data:
        length = int.from_bytes(data[:2], "big")
        yield data[2 : 2 + length]
        data = data[2 + length :]


def b64(text: str) -> bytes:
    return base64.b64decode(text)


def b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

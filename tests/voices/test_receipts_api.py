"""`/v1/clips/{id}/receipt`, `/opening` and the log's keys: what a third party needs, and nothing
about a person.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from django.db import transaction
from pytest_django import Settings

from accounts.models import Organisation
from provenance.clips import clip_erasure
from provenance.models import Receipt
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import SENTENCE, Http, MakeConsent, MakeVoice, noon, revoke, say
from transparency_log.formats import merkle, signed_note
from vault import signing_keys
from voices import reconcile
from voices.models import Voice

pytestmark = pytest.mark.usefixtures("reader")


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def stated(receipt: bytes) -> dict[str, Any]:
    """What a compact receipt says, its signature unchecked."""
    found: dict[str, Any] = json.loads(unbase64url(receipt.decode().split(".")[1]))
    return found


class TestReceipt:
    def test_says_by_what_right_and_what_was_spoken(self, client: Http, voice: Voice) -> None:
        spoken = say(client, voice, channel="app", territory="DE")

        answer = client.get(f"/v1/clips/{spoken['Sayso-Clip']}/receipt")
        said = stated(answer.content)

        assert (answer.status_code, answer["Content-Type"]) == (200, "application/jose")
        assert said["clip"] == spoken["Sayso-Clip"]
        assert said["decision"]["id"] == spoken["Sayso-Decision"]
        assert said["audio"]["sha256"] == hashlib.sha256(spoken.content).hexdigest()
        assert (said["grant"]["languages"], said["grant"]["actions"]) == (
            ["en", "de"],
            ["clone", "synthesize"],
        )
        assert (said["decision"]["channel"], said["decision"]["territory"]) == ("app", "DE")
        assert said["marks"]["watermark"]["scheme"] == "sayso-speech/1"
        assert said["marks"]["watermark"]["checks"]
        assert said["consent"]["id"] == voice.consent_id

    def test_is_signed_with_a_key_that_the_log_s_address_shows(
        self, client: Http, voice: Voice, acme: Organisation
    ) -> None:
        receipt = client.get(
            f"/v1/clips/{say(client, voice)['Sayso-Clip']}/receipt"
        ).content.decode()

        signed, _, signature = receipt.rpartition(".")
        (row,) = client.get(f"/log/{acme.id}/keys.json").json()["receipts"]
        assert json.loads(unbase64url(receipt.split(".")[0])) == {
            "alg": "Ed25519", "kid": row["key_id"], "typ": "sayso-receipt+jws",
        }  # fmt: skip
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(row["public_key"]))
        key.verify(unbase64url(signature), signed.encode())
        with pytest.raises(InvalidSignature):
            key.verify(unbase64url(signature), signed.encode()[:-1])

    @pytest.mark.parametrize("second", [False, True])
    def test_is_signed_with_keys_that_could_be_fetched_before(
        self, client: Http, voice: Voice, acme: Organisation, settings: Settings, second: bool
    ) -> None:
        """Who pins the keys when the log begins must not meet a key later that was made in the
        meantime.
        """
        settings.SAYSO_RECEIPTS_ML_DSA = second
        path = f"/log/{acme.id}/keys.json"
        spoken = say(client, voice)
        client.get(f"/v1/clips/{spoken['Sayso-Clip']}/proof")  # the log begins
        pinned = client.get(path).json()

        answer = client.get(f"/v1/clips/{spoken['Sayso-Clip']}/receipt?serialization=json").json()

        heads = [json.loads(unbase64url(row["protected"])) for row in answer["signatures"]]
        known = {
            row["key_id"] for purpose in ("receipts", "receipts-mldsa44") for row in pinned[purpose]
        }
        assert {head["kid"] for head in heads} == known
        assert len(pinned["exports"]) == 1
        assert client.get(path).json() == pinned

    def test_has_its_place_in_the_log_before_it_is_given(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]

        said = stated(client.get(f"/v1/clips/{clip}/receipt").content)
        proof = signed_note.read_proof(client.get(f"/v1/clips/{clip}/proof").content.decode())

        leaf = merkle.hash_leaf(said["log"]["entry"].encode())
        assert (said["log"]["index"], said["log"]["leaf"]) == (
            proof.index,
            base64.b64encode(leaf).decode(),
        )
        assert proof.checkpoint.startswith(said["log"]["origin"] + "\n")
        assert client.get(f"/v1/clips/{clip}").json()["log_index"] == said["log"]["index"]

    def test_is_the_same_for_ever(self, client: Http, voice: Voice, acme: Organisation) -> None:
        path = f"/v1/clips/{say(client, voice)['Sayso-Clip']}/receipt"
        first = client.get(path).content
        say(client, voice)
        signing_keys.rotate_signing_key("receipts", organisation_id=acme.id, at=NOON)
        revoke(voice.consent_id, voice.organisation_id)
        reconcile.sweep_pending_work(at=noon())

        assert client.get(path).content == first, "a withdrawn clip was still made by right"

    def test_names_no_one_and_holds_no_word_of_the_script(self, client: Http, voice: Voice) -> None:
        clip = say(
            client,
            voice,
            client_reference="Mara's line",
            external_id="x-1",
            metadata={"for": "Mara"},
        )

        payload = json.dumps(stated(client.get(f"/v1/clips/{clip['Sayso-Clip']}/receipt").content))

        for word in (
            "Mara",
            "Lindqvist",
            "example.org",
            "x-1",
            "harbour",
            voice.id,
            voice.speaker_id,
        ):
            assert word not in payload
        assert hashlib.sha256(SENTENCE.encode()).hexdigest() not in payload

    def test_speaks_of_the_grant_as_it_was(
        self, client: Http, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        voice = make_voice(make_consent())
        clip = say(client, voice)["Sayso-Clip"]
        narrow = {"grants": [{"use_case": "entertainment.audiobook", "languages": ["en"]}]}
        assert (
            client.post(
                f"/v1/consents/{voice.consent_id}/narrow", narrow, format="json"
            ).status_code
            == 200
        )

        said = stated(client.get(f"/v1/clips/{clip}/receipt").content)
        later = stated(client.get(f"/v1/clips/{say(client, voice)['Sayso-Clip']}/receipt").content)
        assert (said["grant"]["languages"], later["grant"]["languages"]) == (["en", "de"], ["en"])

    def test_is_gone_with_the_person(self, client: Http, voice: Voice) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        client.get(f"/v1/clips/{clip}/receipt")
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(voice.subject)

        for path in ("receipt", "opening"):
            answer = client.get(f"/v1/clips/{clip}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "clip_erased")
        assert not Receipt.objects.exists()

    def test_is_no_one_elses(
        self, client: Http, voice: Voice, make_key: MakeKey, client_of: ClientOf, bolt: Organisation
    ) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        for stranger in (client_of(make_key(organisation=bolt)), client_of(make_key(live=True))):
            for path in ("receipt", "opening"):
                assert stranger.get(f"/v1/clips/{clip}/{path}").status_code == 404

    @pytest.mark.parametrize("query", ["serialization=xml", "serialisation=json"])
    def test_refuses_a_form_that_means_nothing(
        self, client: Http, voice: Voice, query: str
    ) -> None:
        clip = say(client, voice)["Sayso-Clip"]
        assert client.get(f"/v1/clips/{clip}/receipt?{query}").status_code == 422


class TestPostQuantum:
    def test_adds_a_second_signature(
        self, client: Http, voice: Voice, acme: Organisation, settings: Settings
    ) -> None:
        settings.SAYSO_RECEIPTS_ML_DSA = True
        path = f"/v1/clips/{say(client, voice)['Sayso-Clip']}/receipt"

        answer = client.get(f"{path}?serialization=json")
        whole = answer.json()

        assert answer["Content-Type"] == "application/jose+json"
        heads = [json.loads(unbase64url(row["protected"]))["alg"] for row in whole["signatures"]]
        assert heads == ["Ed25519", "ML-DSA-44"]
        second = whole["signatures"][1]
        (row,) = client.get(f"/log/{acme.id}/keys.json").json()["receipts-mldsa44"]
        key = MLDSA44PublicKey.from_public_bytes(base64.b64decode(row["public_key"]))
        key.verify(
            unbase64url(second["signature"]), f"{second['protected']}.{whole['payload']}".encode()
        )
        assert client.get(path).content.decode().split(".")[1] == whole["payload"]
        assert client.get(f"{path}?serialization=json").content == answer.content


class TestOpening:
    def test_opens_entry_and_script(self, client: Http, voice: Voice) -> None:
        text = unicodedata.normalize(
            "NFD", "Café am Meer, einhundert Lampen brennen an diesem Abend am Hafen."
        )
        clip = say(client, voice, text=text, language="de")["Sayso-Clip"]

        answer = client.get(f"/v1/clips/{clip}/opening")
        said, opened = stated(client.get(f"/v1/clips/{clip}/receipt").content), answer.json()

        key = base64.b64decode(opened["key"])
        script = b"sayso-script-v1\n" + unicodedata.normalize("NFC", text).encode()
        assert answer["Cache-Control"] == "no-store"
        assert (
            base64.b64encode(hmac.digest(key, script, "sha256")).decode() == said["script"]["hash"]
        )
        assert opened["body"]["script"] == said["script"]["hash"]
        assert opened["index"] == said["log"]["index"]

"""Content Credentials on the way of speech: every clip has them, the log says so, and policy
decides without them.
"""

from __future__ import annotations

import base64
import io
import json
from urllib.parse import urlsplit

import c2pa
import pytest
from django.conf import settings
from django.db import transaction
from django.urls import resolve

import watermark
from accounts.models import Organisation
from audio.decoding import decode_trusted, decode_untrusted
from audio.encoding import CODECS, Output
from consent import services as consents
from consent.gate import ConsentDenied
from core import canonical_json
from provenance.c2pa import manifest, manifest_signer, manifest_store, signing_authority
from provenance.c2pa.manifest_signer import CredentialFailed
from provenance.clips import clip_erasure, watermark_keys
from provenance.models import Clip, Credential
from tests.conftest import NOON
from tests.support.signed_files import CARRIERS, look
from tests.voices.conftest import MakeVoice, Reader, noon, only, order_for, principal_of
from tests.voices.test_pipeline import SILENCE, kinds
from transparency_log import proofs
from transparency_log.formats import log_entry
from vault import kms
from vault.models import Blob
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip

pytestmark = pytest.mark.django_db(transaction=True)


def say(voice: Voice, codec: str = "wav", reader: Reader | None = None) -> DeliveredClip:
    order = order_for(voice, output=Output(codec=codec))
    return pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=noon, providers=only(reader or Reader())
    )


def clip_of(spoken: DeliveredClip) -> Clip:
    return Clip.objects.get(id=spoken.clip_id)


def break_key() -> None:
    """The key that signs is no longer what the KMS made."""
    signing_authority.ensure_leaf(at=NOON)
    Credential.objects.filter(role="leaf").update(handle=b"\0" * 40)


class TestAClip:
    @pytest.mark.parametrize("codec", CODECS)
    def test_carries_a_manifest_that_anyone_who_has_the_root_trusts(
        self, make_voice: MakeVoice, codec: str
    ) -> None:
        spoken = say(make_voice(), codec)

        clip = clip_of(spoken)
        embedded = codec in {"wav", "mp3", "m4a", "flac"}
        state, store = look(
            spoken.data,
            CARRIERS.get(codec, "application/octet-stream"),
            None if embedded else manifest_store.load_manifest_store(clip),
            anchors=signing_authority.get_trust_anchors(),
        )
        assert (state, store["active_manifest"]) == ("Trusted", clip.manifest_id)
        assert clip.manifest_mode == ("embedded" if embedded else "sidecar")

    @pytest.mark.parametrize("codec", ["wav", "mp3", "m4a", "flac", "ogg"])
    def test_has_its_mark_and_hash_in_the_bytes_that_leave(
        self, make_voice: MakeVoice, codec: str
    ) -> None:
        spoken = say(make_voice(), codec)

        clip, heard = clip_of(spoken), decode_untrusted(spoken.data).sound
        current = watermark_keys.get_current_key(
            clip.organisation_id, at=NOON, livemode=clip.livemode
        )
        found = watermark.detect(heard.samples, heard.rate, key=current.key)
        assert found is not None
        assert found.token == clip.token
        assert (clip.sha256, clip.size) == (
            canonical_json.sha256_hex(spoken.data),
            len(spoken.data),
        )
        assert clip.sha256_pcm == canonical_json.sha256_hex(
            decode_trusted(spoken.data, codec).pcm16()
        )

    def test_is_logged_with_its_manifest(self, make_voice: MakeVoice) -> None:
        clip = clip_of(say(make_voice()))

        body = proofs.list_history(clip.organisation_id, clip.id)[-1].body
        assert body is not None
        assert body["c2pa"] == {
            "manifest": clip.manifest_id,
            "mode": "embedded",
            "sha256": canonical_json.sha256_hex(manifest_store.load_manifest_store(clip)),
            "credential": clip.credential,
        }

    def test_names_the_entry_of_its_decision_and_what_the_log_commits_to_there(
        self, make_voice: MakeVoice
    ) -> None:
        spoken = say(make_voice())

        clip = clip_of(spoken)
        _, store = look(spoken.data, "audio/wav", anchors=signing_authority.get_trust_anchors())
        said = {
            one["label"]: one["data"] for one in store["manifests"][clip.manifest_id]["assertions"]
        }
        decided = proofs.list_history(clip.organisation_id, clip.decision_id)[0]
        assert decided.kind == "decision.allowed"
        assert said[manifest.CONSENT]["log"]["entry"] == decided.event_id
        assert (
            said[manifest.CONSENT]["commitment"]["value"]
            == log_entry.read_entry(decided.payload).commitment
        )

    def test_says_at_which_address_its_log_is_read(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        _, store = look(say(voice).data, "audio/wav", anchors=signing_authority.get_trust_anchors())
        said = {
            one["label"]: one["data"]
            for one in store["manifests"][store["active_manifest"]]["assertions"]
        }
        origin = urlsplit(said[manifest.CONSENT]["log"]["origin"])

        assert f"{origin.scheme}://{origin.netloc}" == settings.SAYSO_PUBLIC_URL
        assert resolve(f"{origin.path}/checkpoint").kwargs == {
            "organisation_id": voice.organisation_id
        }

    def test_tells_nothing_of_the_person(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        clip = clip_of(say(voice))

        told = manifest_store.load_manifest_store(clip)
        secrets = (
            b"Mara",
            b"example.org",
            voice.speaker_id,
            voice.id,
            voice.consent_id,
            clip.subject,
            clip.grant_id,
        )
        assert [
            text for text in secrets if (text.encode() if isinstance(text, str) else text) in told
        ] == []

    def test_two_of_one_person_have_nothing_in_common_but_the_signer(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        said = []
        for _ in range(2):
            clip = clip_of(say(voice))
            with (
                c2pa.Context.from_dict(
                    manifest_signer.build_settings(signing_authority.get_trust_anchors())
                ) as context,
                c2pa.Reader(
                    "application/c2pa",
                    io.BytesIO(manifest_store.load_manifest_store(clip)),
                    context=context,
                ) as reader,
            ):
                one = json.loads(reader.json())["manifests"][clip.manifest_id]
            said.append({entry["label"]: entry["data"] for entry in one["assertions"]})
        first, second = (one[manifest.CONSENT] for one in said)
        assert first["commitment"]["value"] != second["commitment"]["value"]
        assert len(base64.b64decode(first["commitment"]["value"])) == 32


class TestErasure:
    @pytest.mark.parametrize("codec", ["wav", "ogg"])
    def test_takes_the_manifest_with_the_audio(self, make_voice: MakeVoice, codec: str) -> None:
        clip = clip_of(say(make_voice(), codec))
        assert Blob.objects.filter(id=clip.manifest_blob_id).exists()

        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(clip.subject)

        clip.refresh_from_db()
        assert clip.manifest_blob_id == ""
        with pytest.raises(manifest_store.ManifestNotFound):
            manifest_store.load_manifest_store(clip)


class TestWithoutAKey:
    def test_nothing_leaves_and_the_log_says_why(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        break_key()

        with pytest.raises(CredentialFailed):
            say(voice)

        clip = Clip.objects.get()
        assert (clip.state, clip.code) == ("aborted", "c2pa_failed")
        assert kinds(clip) == ["clip.c2pa_failed", "clip.aborted"]

    def test_it_leaves_where_the_policy_says_so_and_the_log_says_that(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        voice = make_voice()
        break_key()
        Organisation.objects.filter(id=acme.id).update(policy={"c2pa_failed": "deliver"})

        clip = clip_of(say(voice))

        assert (clip.state, clip.manifest_mode, clip.manifest_reason) == (
            "issued",
            "none",
            "not_signed",
        )
        assert kinds(clip) == ["clip.c2pa_failed", "clip.issued"]

    def test_an_unmarked_clip_says_so_by_leaving_the_mark_out(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        voice = make_voice()
        Organisation.objects.filter(id=acme.id).update(policy={"mark_failed": "deliver"})

        spoken = say(voice, reader=Reader(sound=SILENCE))

        state, store = look(spoken.data, "audio/wav", anchors=signing_authority.get_trust_anchors())
        assert (state, "soft-binding" in str(store)) == ("Trusted", False)


class TestRevocation:
    def test_while_signing_lets_nothing_out(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = make_voice()
        signing_authority.ensure_leaf(at=NOON)
        real = kms.get_kms().sign

        def withdrawn(_: object, handle: bytes, data: bytes) -> bytes:
            if not Clip.objects.filter(state="making").exists():
                return real(handle, data)
            monkeypatch.undo()
            consents.withdraw_consent(
                voice.consent_id, organisation_id=voice.organisation_id, livemode=False,
                reason="withdrawn", actor="speaker", at=NOON,
            )  # fmt: skip
            return real(handle, data)

        monkeypatch.setattr(type(kms.get_kms()), "sign", withdrawn)
        with pytest.raises(ConsentDenied):
            say(voice)

        assert Clip.objects.get().manifest_id == ""

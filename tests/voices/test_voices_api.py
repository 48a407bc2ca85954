"""`/v1/voices`: real recordings through the real engine; refusals that explain themselves; nothing
half-made.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from audio.encoding import Output
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import (
    AUDIO,
    AUDIOBOOK,
    Http,
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    revoke,
)
from transparency_log import proofs
from vault import blobs
from vault.models import Blob
from voices import voice_macs
from voices.models import Sample, Voice
from voices.speech import pipeline
from voices.tasks import remove_voice


def recording(name: str) -> bytes:
    return (AUDIO / f"librivox-austen-{name}.wav").read_bytes()


def encoded(*samples: bytes) -> list[dict[str, str]]:
    return [{"audio_base64": base64.b64encode(data).decode()} for data in samples]


def body(consent_id: str, samples: Sequence[bytes] = (), **changes: Any) -> dict[str, Any]:
    return {
        "consent": consent_id,
        "name": "Mara, narrator",
        "language": "en",
        "use_case": AUDIOBOOK,
        "samples": encoded(*(samples or (recording("0870"), recording("0880")))),
    } | changes


class TestClone:
    def test_that_was_refused_binds_its_recording_to_no_one(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        """Else a slip of the caller's would keep the recording from the person whose it is."""
        mara, ada = make_consent(), make_consent()
        slip = body(mara.id, use_case="advertising.commercial")
        assert client.post("/v1/voices", slip, format="json").status_code == 403

        assert client.post("/v1/voices", body(ada.id), format="json").status_code == 201

    def test_makes_a_voice_from_two_recordings(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()

        answer = client.post("/v1/voices", body(consent.id, external_id="v-1"), format="json")

        assert answer.status_code == 201, answer.json()
        made = answer.json()
        assert (made["state"], made["consent"], made["name"], made["external_id"]) == (
            "ready", consent.id, "Mara, narrator", "v-1",
        )  # fmt: skip
        assert answer["Location"] == f"/v1/voices/{made['id']}"
        assert client.get(answer["Location"]).json() == made

    def test_keeps_samples_and_profile_in_the_vault_of_the_speaker(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        client.post("/v1/voices", body(consent.id), format="json")

        voice = Voice.objects.get()
        assert voice.subject == consent.speaker.subject
        assert voice_macs.has_valid_mac(voice)
        assert [blobs.get_blob(row.blob_id) for row in Sample.objects.order_by("position")] == [
            recording("0870"), recording("0880"),
        ]  # fmt: skip
        assert set(Blob.objects.values_list("kind", flat=True)) >= {"sample", "profile"}
        assert b"Mara" not in bytes(voice.sealed_label or b"")
        assert [event.kind for event in proofs.list_history(voice.organisation_id, voice.id)] == [
            "voice.ready"
        ]

    def test_takes_files_as_a_form(self, client: Http, make_consent: MakeConsent) -> None:
        fields = {
            "consent": make_consent().id,
            "name": "Mara",
            "language": "en",
            "use_case": AUDIOBOOK,
            "metadata": '{"book": "7"}',
            "samples": [
                SimpleUploadedFile(f"{name}.wav", recording(name)) for name in ("0870", "0880")
            ],
        }

        answer = client.post("/v1/voices", fields, format="multipart")

        assert (answer.status_code, answer.json()["metadata"]) == (201, {"book": "7"})

    def test_says_what_to_do_when_a_form_has_the_name_of_a_file_for_the_file(
        self, client: Http
    ) -> None:
        answer = client.post("/v1/voices", {"samples": "recording.wav"}, format="multipart")

        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["attr"]) == (422, "samples.0")
        assert "`-F samples=@recording.wav`" in fault["detail"]

    def test_use_case_and_language_come_from_the_key(
        self, make_key: MakeKey, client_of: ClientOf, make_consent: MakeConsent, clock_at_noon: None
    ) -> None:
        client: Http = client_of(make_key(default_use_case=AUDIOBOOK, default_language="en"))
        wanted = body(make_consent().id)
        del wanted["use_case"], wanted["language"]

        assert client.post("/v1/voices", wanted, format="json").json()["use_case"] == AUDIOBOOK


class TestRefusals:
    def test_a_language_that_no_one_names_is_asked_for(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        wanted = body(make_consent().id)
        del wanted["language"]

        answer = client.post("/v1/voices", wanted, format="json")

        assert (answer.status_code, answer.json()["code"]) == (422, "language_required")

    def test_a_clone_needs_no_use_case(self, client: Http, make_consent: MakeConsent) -> None:
        """A19: the policy asks for none, so the route does not either."""
        wanted = body(make_consent().id)
        del wanted["use_case"]

        answer = client.post("/v1/voices", wanted, format="json")

        assert (answer.status_code, answer.json()["use_case"]) == (201, AUDIOBOOK)

    def test_without_consent_nothing_is_read_or_kept(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        answer = client.post(
            "/v1/voices", body(make_consent(signed=False).id, (b"no audio",)), format="json"
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "consent_denied")
        assert answer.json()["reasons"][0]["code"] == "consent_not_signed"
        assert answer.json()["decision"].startswith("dec_")
        assert not Voice.objects.exists()

    @pytest.mark.parametrize("consent", ["con_" + "a" * 26, "nonsense", "spk_" + "a" * 26])
    def test_an_unknown_consent_is_no_consent(self, client: Http, consent: str) -> None:
        answer = client.post("/v1/voices", body(consent), format="json")

        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, "no_consent")

    def test_a_neighbours_consent_is_no_consent(
        self, client: Http, make_consent: MakeConsent, bolt: Organisation
    ) -> None:
        answer = client.post("/v1/voices", body(make_consent(organisation=bolt).id), format="json")

        assert answer.json()["reasons"][0]["code"] == "no_consent"

    def test_each_bad_sample_has_an_entry_and_nothing_is_kept(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        samples = (recording("0870"), b"no audio", recording("0880")[:2000])

        answer = client.post("/v1/voices", body(make_consent().id, samples), format="json")

        assert (answer.status_code, answer.json()["code"]) == (422, "sample_unreadable")
        assert [row["attr"] for row in answer.json()["errors"]] == ["samples.1", "samples.2"]
        assert not Voice.objects.exists()
        assert not Blob.objects.filter(kind="sample").exists()

    def test_our_own_output_is_always_refused(
        self, client: Http, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        consent = make_consent()
        voice = make_voice(consent)
        order = order_for(voice, output=Output(codec="mp3"))
        clip = pipeline.synthesize_clip(
            order, voice, principal=principal_of(voice), now=noon, providers=only(Reader())
        )

        answer = client.post(
            "/v1/voices", body(consent.id, (clip.data, recording("0880"))), format="json"
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "sample_watermarked")
        assert answer.json()["errors"][0]["attr"] == "samples.0"

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"provider": "nobody"}, 422, "provider_unknown"),
            ({"samples": []}, 422, "invalid"),
            ({"samples": encoded(b"x") * 26}, 422, "invalid"),
            ({"samples": [{"audio_base64": "%%%"}]}, 422, "invalid"),
            ({"samples": encoded(b"x", b"x")}, 422, "sample_duplicate"),
            ({"samples": encoded(b"")}, 422, "sample_unreadable"),
            ({"samples": "x"}, 422, "invalid"),
            ({"denoise": True}, 422, "invalid"),
            ({"nmae": "x"}, 422, "invalid"),
            ({"name": "a\u0000b"}, 422, "invalid"),
            ({"metadata": {str(n): "x" for n in range(21)}}, 422, "invalid"),
            ({"transcripts": ["one"]}, 422, "invalid"),
        ],
    )
    def test_of_the_form(
        self,
        client: Http,
        make_consent: MakeConsent,
        changes: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        answer = client.post("/v1/voices", body(make_consent().id) | changes, format="json")

        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
        assert not Voice.objects.exists()


class TestReading:
    def test_lists_ones_own(
        self, client: Http, make_voice: MakeVoice, make_consent: MakeConsent, bolt: Organisation
    ) -> None:
        mine, other = make_voice(), make_voice(make_consent(organisation=bolt))

        assert [row["id"] for row in client.get("/v1/voices").json()["data"]] == [mine.id]
        assert client.get(f"/v1/voices/{other.id}").status_code == 404

    @pytest.mark.parametrize("voice_id", ["vox_" + "a" * 26, "nonsense", "vox_%00"])
    def test_a_stranger_is_not_found(self, client: Http, voice_id: str) -> None:
        assert client.get(f"/v1/voices/{voice_id}").status_code == 404

    def test_a_key_without_the_scope_sees_nothing(
        self, make_key: MakeKey, client_of: ClientOf, make_voice: MakeVoice
    ) -> None:
        client = client_of(make_key(scopes=["speech:write"]))

        assert client.get("/v1/voices").status_code == 403


class TestChanging:
    def test_a_new_name_is_sealed_too(self, client: Http, make_voice: MakeVoice) -> None:
        voice = make_voice()

        answer = client.patch(
            f"/v1/voices/{voice.id}", {"name": "Mara B.", "metadata": {"a": "b"}}, format="json"
        )

        assert (answer.json()["name"], answer.json()["metadata"]) == ("Mara B.", {"a": "b"})
        voice.refresh_from_db()
        assert b"Mara" not in bytes(voice.sealed_label or b"")

    def test_nothing_else_can_be_changed(self, client: Http, make_voice: MakeVoice) -> None:
        answer = client.patch(f"/v1/voices/{make_voice().id}", {"consent": "con_x"}, format="json")

        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_field")


class TestDeleting:
    def test_is_accepted_and_then_done(self, client: Http, make_voice: MakeVoice) -> None:
        voice = make_voice()

        answer = client.delete(f"/v1/voices/{voice.id}")
        assert (answer.status_code, answer.json()["state"]) == (202, "revoking")
        remove_voice(voice_id=voice.id)

        found = client.get(f"/v1/voices/{voice.id}").json()
        assert (found["state"], found["name"]) == ("deleted", None)
        assert client.delete(f"/v1/voices/{voice.id}").status_code == 202

    def test_a_revoked_voice_is_refused_with_the_reason(
        self, client: Http, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        revoke(voice.consent_id, voice.organisation_id)
        wanted = {
            "voice": voice.id,
            "text": "Good evening.",
            "language": "en",
            "use_case": AUDIOBOOK,
        }

        answer = client.post("/v1/speech", wanted, format="json")

        assert (answer.status_code, [row["code"] for row in answer.json()["reasons"]]) == (
            403,
            ["consent_revoked"],
        )

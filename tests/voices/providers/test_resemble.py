"""Resemble behind the gate: the statement first, a recording, training, speech, deletion."""

from __future__ import annotations

import base64
import io
import json
from datetime import timedelta
from typing import Any

import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ApiKey
from consent.models import ProviderStatement
from provenance.models import Clip
from proxies.resemble.resemble_drafts import compute_draft_key
from tests.conftest import NOON
from tests.emulators import resemble
from tests.emulators.emulator import Fault
from tests.emulators.resemble import ResembleEmulator
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import AUDIO, AUDIOBOOK, SENTENCE, Http
from tests.voices.providers.conftest import READING, Connect
from tests.voices.test_background_cloning import ask
from voices import background_cloning, tasks
from voices.models import Voice

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

BASE = "/proxy/resemble"
SPOKEN = (AUDIO / "librivox-austen-0930.wav").read_bytes()


@pytest.fixture
def emulator(client: Http, connect: Connect) -> ResembleEmulator:
    """An emulated Resemble that Acme is connected to."""
    found = ResembleEmulator()
    connect("resemble", found, resemble.KEY)
    return found


@pytest.fixture(autouse=True)
def defaults(client: Http) -> None:
    ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")


@pytest.fixture
def consent_id(make_consent: MakeConsent) -> str:
    return str(make_consent(providers=["resemble", "local"]).id)


def create(client: Http, consent_id: str, **changes: Any) -> Any:
    body = {
        "name": f"Mara sayso:{consent_id}",
        "consent": base64.b64encode(SPOKEN).decode(),
        "voice_type": "professional",
    }
    return client.post(f"{BASE}/api/v2/voices", body | changes, format="json")


def record(client: Http, voice: str, **changes: Any) -> Any:
    form = {
        "file": SimpleUploadedFile("mara.wav", READING),
        "name": "one",
        "text": "Evening.",
        "emotion": "neutral",
        "is_active": "true",
        "fill": "false",
    }
    form = {name: value for name, value in (form | changes).items() if value is not None}
    return client.post(f"{BASE}/api/v2/voices/{voice}/recordings", form)


def work_twice(voice_id: str) -> None:
    """A worker has the voice made, and asks half a minute later whether it is trained."""
    background_cloning.run_training(voice_id, wall_clock=lambda: NOON)
    background_cloning.run_training(voice_id, wall_clock=lambda: NOON + timedelta(minutes=1))


@pytest.fixture
def voice(client: Http, emulator: ResembleEmulator, consent_id: str) -> str:
    """The id under which the SDK knows a voice that Resemble has trained."""
    named = str(create(client, consent_id).json()["item"]["uuid"])
    assert record(client, named).json()["success"] is True
    work_twice(Voice.objects.get().id)
    assert Voice.objects.get().state == "ready"
    return named


def say(client: Http, voice: str, **changes: Any) -> Any:
    body = {"voice_uuid": voice, "project_uuid": "harbour", "data": SENTENCE}
    return client.post(f"{BASE}/synthesize", body | changes, format="json")


def speech_calls(emulator: ResembleEmulator) -> int:
    return emulator.count("POST", "/synthesize") + emulator.count("POST", "/stream")


class TestAClone:
    def test_goes_from_the_statement_to_a_trained_voice(
        self, client: Http, emulator: ResembleEmulator, voice: str
    ) -> None:
        (made,) = emulator.voices.values()
        row = Voice.objects.get()
        assert (made["name"], made["status"]) == (row.id, "finished")
        assert len(emulator.recordings[made["uuid"]]) == 1
        assert not any(b"Mara" in one.body for one in emulator.asked)
        shown = client.get(f"{BASE}/api/v2/voices/{voice}").json()
        assert (shown["item"]["name"], shown["item"]["status"]) == ("Mara", "finished")
        listed = client.get(f"{BASE}/api/v2/voices?page=1").json()
        assert [one["uuid"] for one in listed["items"]] == [row.id]

    def test_sends_the_statement_alone_before_the_recording(
        self, client: Http, emulator: ResembleEmulator, consent_id: str
    ) -> None:
        answer = create(client, consent_id).json()

        assert (answer["success"], answer["item"]["status"]) == (True, "initializing")
        assert ProviderStatement.objects.get().provider == "resemble"
        build = client.post(f"{BASE}/api/v2/voices/{answer['item']['uuid']}/build", {"fill": False},
                            format="json")  # fmt: skip
        assert (build.status_code, build.json()["error_name"]) == (422, "recording_missing")
        assert emulator.asked == []

    def test_of_a_second_recording_is_refused_and_of_the_same_is_one(
        self, client: Http, emulator: ResembleEmulator, voice: str
    ) -> None:
        other = SimpleUploadedFile("b.wav", SPOKEN)

        assert record(client, voice).json()["success"] is True
        assert record(client, voice, file=other).json()["success"] is False
        assert (Voice.objects.count(), len(emulator.voices)) == (1, 1)

    def test_without_a_statement_reaches_no_one(
        self, client: Http, emulator: ResembleEmulator, consent_id: str
    ) -> None:
        answer = ask(client, consent_id, provider="resemble")

        assert (answer.status_code, answer.json()["code"]) == (422, "provider_statement_missing")
        assert emulator.asked == []

    def test_that_is_not_covered_is_refused_in_the_providers_shape(
        self, client: Http, emulator: ResembleEmulator, make_consent: MakeConsent
    ) -> None:
        named = create(client, make_consent(providers=["local"]).id).json()["item"]["uuid"]

        answer = record(client, named)

        body = answer.json()
        assert (answer.status_code, body["success"]) == (403, False)
        assert [one["code"] for one in body["reasons"]] == ["provider_not_covered"]
        assert emulator.asked == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": 7},
            {"name": "Mara"},
            {"consent": "no base64!"},
            {"consent": None},
            {"consent": base64.b64encode(b"none").decode()},
            {"voice_type": "wild"},
            {"dataset_url": "https://example.org/a.zip"},
            {"callback_uri": "https://example.org/"},
        ],
    )
    def test_of_bad_input_is_refused(
        self, client: Http, emulator: ResembleEmulator, consent_id: str, changes: dict[str, Any]
    ) -> None:
        answer = create(client, consent_id, **changes)

        assert (answer.status_code, answer.json()["success"]) == (422, False)
        assert (emulator.asked, ProviderStatement.objects.count()) == ([], 0)

    @pytest.mark.parametrize(
        "changes",
        [
            {"file": "mara.wav"},
            {"file": None},
            {"text": None},
            {"text": ""},
            {"is_active": "false"},
            {"url": "https://example.org/a.wav"},
        ],
    )
    def test_of_a_bad_recording_is_refused(
        self, client: Http, emulator: ResembleEmulator, consent_id: str, changes: dict[str, Any]
    ) -> None:
        named = create(client, consent_id).json()["item"]["uuid"]

        answer = record(client, named, **changes)

        assert (answer.status_code, answer.json()["success"]) == (422, False), answer.content
        assert (emulator.asked, Voice.objects.count()) == ([], 0)

    def test_that_fails_on_the_way_leaves_nothing(
        self, client: Http, emulator: ResembleEmulator, consent_id: str
    ) -> None:
        named = create(client, consent_id).json()["item"]["uuid"]
        record(client, named)
        emulator.fail("/v2/voices/rv1/build", Fault(status=400))
        work_twice(Voice.objects.get().id)

        assert (Voice.objects.get().state, emulator.voices) == ("failed", {})

    def test_is_renamed_and_deleted(
        self, client: Http, emulator: ResembleEmulator, voice: str
    ) -> None:
        path = f"{BASE}/api/v2/voices/{voice}"
        assert client.put(path, {"name": "B"}, format="json").json()["item"]["name"] == "B"

        assert client.delete(path).json() == {"success": True}
        tasks.remove_voice(voice_id=Voice.objects.get().id, actor="system:test")

        assert (Voice.objects.get().state, emulator.voices) == ("deleted", {})
        assert client.get(path).json()["item"]["status"] == "initializing"

    def test_has_a_key_of_its_statement(self, voice: str) -> None:
        assert Voice.objects.get().repeat_key == compute_draft_key(voice)


class TestSpeech:
    def test_is_marked_and_ours_and_names_no_project(
        self, client: Http, emulator: ResembleEmulator, voice: str
    ) -> None:
        answer = say(client, voice).json()

        assert answer["success"] is True, answer
        assert soundfile.info(io.BytesIO(base64.b64decode(answer["audio_content"]))).frames > 40_000
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "resemble", True)
        sent = json.loads(emulator.asked[-1].body)
        assert (sent["voice_uuid"], "project_uuid" in sent) == ("rv1", False)

    @pytest.mark.parametrize("named", ["the statement", "the voice"])
    def test_comes_as_a_clip_of_a_project(self, client: Http, voice: str, named: str) -> None:
        spoken_by = voice if named == "the statement" else Voice.objects.get().id
        body = {"voice_uuid": spoken_by, "body": SENTENCE, "raw": True}

        answer = client.post(f"{BASE}/api/v2/projects/p/clips", body, format="json").json()

        item = answer["item"]
        assert (answer["success"], item["uuid"]) == (True, Clip.objects.get().id)
        assert item["audio_src"].endswith(item["raw_audio"])

    @pytest.mark.parametrize(
        "changes",
        [
            {"data": 7},
            {"data": ""},
            {"data": "x" * 2_001},
            {"data": "<speak>Hello</speak>"},
            {"voice_uuid": None},
            {"precision": "PCM_24"},
            {"output_format": "ogg"},
            {"sample_rate": 7},
            {"sample_rate": "x"},
            {"callback_uri": "https://example.org/"},
        ],
    )
    def test_of_bad_input_is_refused(
        self, client: Http, emulator: ResembleEmulator, voice: str, changes: dict[str, Any]
    ) -> None:
        answer = say(client, voice, **changes)

        assert (answer.status_code, answer.json()["success"]) == (422, False), answer.content
        assert speech_calls(emulator) == 0

    def test_in_another_language_says_why(
        self, client: Http, emulator: ResembleEmulator, voice: str
    ) -> None:
        body = {"voice_uuid": voice, "data": "港の明かりが次々に灯されました。"}
        answer = client.post(f"{BASE}/synthesize", body, format="json", HTTP_SAYSO_LANGUAGE="ja")

        reasons = [one["code"] for one in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_not_covered"])
        assert speech_calls(emulator) == 0

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(status=500),
            Fault(status=401),
            Fault(answer=b'{"success": false, "message": "no"}'),
            Fault(answer=b'{"success": true, "audio_content": "AAAA"}'),
            Fault(answer=b"not JSON"),
        ],
    )
    def test_delivers_nothing_when_the_provider_fails(
        self, client: Http, emulator: ResembleEmulator, voice: str, fault: Fault
    ) -> None:
        emulator.fail("/synthesize", fault)

        assert say(client, voice).json()["success"] is False
        assert Clip.objects.get().state == "aborted"


class TestOtherRoutes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "/api/v2/projects/p/batch"),
            ("get", "/api/v2/projects"),
            ("get", "/api/v2/projects/p/clips/c"),
            ("post", "/api/v2/edit"),
            ("post", "/api/v2/watermark/apply"),
            ("post", "/api/v2/detect"),
            ("post", "/api/v2/phonemes"),
            ("delete", "/api/v2/voices/v/recordings/r"),
        ],
    )
    def test_are_refused_with_a_reason(
        self, client: Http, emulator: ResembleEmulator, method: str, path: str
    ) -> None:
        answer = getattr(client, method)(BASE + path, {}, format="json")

        body = answer.json()
        assert (answer.status_code, body["success"]) == (404, False)
        assert body["message"] != "There is no such route here."
        assert emulator.asked == []

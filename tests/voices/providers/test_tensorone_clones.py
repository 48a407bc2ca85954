"""TensorOne's own API before the gate: clones, their state, recordings at an address."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import soundfile
from pytest_django import Settings

from accounts.models import ApiKey
from consent.models import Decision
from tests.conftest import NOON
from tests.emulators.emulator import Fault
from tests.emulators.tensorone import TensorOneEmulator
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import AUDIO, AUDIOBOOK, SENTENCE, Http
from tests.voices.providers.conftest import READING
from tests.voices.providers.tensorone_world import (
    PROXY,
    VOICES,
    clone,
    connect_tensorone,
    sample,
    work_times,
)
from voices import tasks
from voices.models import Voice

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

OTHER = (AUDIO / "librivox-austen-0930.wav").read_bytes()


@pytest.fixture(autouse=True)
def defaults(client: Http, settings: Settings) -> None:
    settings.SAYSO_DEVELOPMENT = True
    ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")


@pytest.fixture
def emulator(client: Http) -> Iterator[TensorOneEmulator]:
    """An emulated TensorOne that Acme is connected to."""
    found = TensorOneEmulator()
    found.made_at = NOON
    with found.running():
        connect_tensorone(client, found)
        yield found


@pytest.fixture
def consent_id(make_consent: MakeConsent) -> str:
    return str(make_consent(providers=["tensorone", "local"]).id)


class TestACloneInTheSandbox:
    def test_is_processing_then_completed(self, client: Http, consent_id: str) -> None:
        answer = clone(
            client, consent_id, voiceType="premium", trainingOptions={"removeNoise": True}
        )

        made = answer.json()
        assert (answer.status_code, made["status"]) == (200, "processing"), made
        assert answer["Sayso-Ignored"] == "removeNoise, voiceType"
        assert made["trainingProgress"] == {
            "currentStep": "queued",
            "percentComplete": 0.0,
            "estimatedTimeRemaining": "less than a minute",
        }
        analysis = made["audioAnalysis"]
        seconds = soundfile.info(io.BytesIO(READING)).duration
        assert analysis["totalDuration"] == pytest.approx(seconds, abs=0.01)
        assert (analysis["audioQuality"], analysis["languageDetected"]) == ("good", "en")

        work_times(made["voiceId"], 1)

        done = client.get(f"{PROXY}/{made['voiceId']}/status").json()
        assert (done["status"], done["voiceName"]) == ("completed", "Mara")
        assert done["trainingProgress"]["percentComplete"] == 100.0
        assert 0.5 < done["audioAnalysis"]["speakerConsistency"] <= 1
        assert done["audioAnalysis"]["languageDetected"] == "en"

    def test_that_fails_says_why(self, client: Http, consent_id: str) -> None:
        made = clone(client, consent_id, audioSamples=[sample(b"RIFF no sound")]).json()
        assert made["audioAnalysis"]["totalDuration"] is None

        work_times(made["voiceId"], 1)

        failed = client.get(f"{PROXY}/{made['voiceId']}/status").json()
        assert (failed["status"], failed["audioAnalysis"]["audioQuality"]) == ("failed", "poor")
        assert failed["error"].startswith("sample_unreadable")
        assert failed["trainingProgress"]["percentComplete"] == 0.0

    def test_is_listed_and_deleted(self, client: Http, consent_id: str) -> None:
        voice_id = clone(client, consent_id).json()["voiceId"]
        work_times(voice_id, 1)

        (row,) = client.get(f"{PROXY}/voices").json()["voices"]
        assert (row["voiceId"], row["voiceName"], row["status"]) == (voice_id, "Mara", "completed")
        assert (row["language"], row["audioQuality"]) == ("en", "good")

        gone = client.delete(f"{PROXY}/{voice_id}")
        assert (gone.status_code, gone.content) == (204, b"")
        tasks.remove_voice(voice_id=voice_id, actor="system:test")
        assert client.get(f"{PROXY}/voices").json() == {"voices": []}

    def test_that_is_repeated_makes_one_voice(self, client: Http, consent_id: str) -> None:
        first, second = clone(client, consent_id).json(), clone(client, consent_id).json()

        assert first["voiceId"] == second["voiceId"]
        assert Voice.objects.count() == 1

    def test_may_name_its_consent_in_the_voices_name(self, client: Http, consent_id: str) -> None:
        made = clone(client, "", voiceName=f"Mara sayso:{consent_id}").json()
        assert (made["voiceName"], Voice.objects.get().consent_id) == ("Mara", consent_id)

    @pytest.mark.parametrize(
        "changes",
        [
            {"voiceName": 7},
            {"voiceName": None},
            {"voiceName": "x" * 201},
            {"audioSamples": [sample()] * 26},
            {"audioSamples": [sample(transcript="x" * 5_001)]},
            {"audioSamples": [sample(duration="long")]},
            {"audioSamples": []},
            {"audioSamples": "x"},
            {"audioSamples": [7]},
            {"audioSamples": ["no base64!"]},
            {"audioSamples": [{}]},
            {"audioSamples": [{"audioUrl": "https://a.example/x", "audioBase64": "AAAA"}]},
            {"audioSamples": [sample(emotion="furious")]},
            {"audioSamples": [sample(language="xx")]},
            {"audioSamples": [sample(transcript=7)]},
            {"audioSamples": [sample(path="/etc")]},
            {"language": "xx"},
            {"voiceType": "wild"},
            {"trainingOptions": {"speakerConsistency": 2}},
            {"trainingOptions": {"removeNoise": "yes"}},
            {"trainingOptions": {"callback": "https://a.example"}},
            {"multilingualSupport": "yes"},
            {"speaker_embedding": [0.1]},
        ],
    )
    def test_of_bad_input_is_refused(
        self, client: Http, consent_id: str, changes: dict[str, Any]
    ) -> None:
        answer = clone(client, consent_id, **changes)

        assert answer.status_code == 422, answer.content
        assert set(answer.json()) == {"error", "code", "reasons", "requestId"}
        assert not Voice.objects.exists()

    def test_without_a_consent_is_refused(self, client: Http) -> None:
        answer = clone(client, "")
        assert answer.status_code == 422
        assert "Sayso-Consent" in answer.json()["error"]


class TestACloneAtTheProvider:
    def test_carries_the_providers_own_options(
        self, client: Http, emulator: TensorOneEmulator, consent_id: str
    ) -> None:
        answer = clone(
            client,
            consent_id,
            voiceType="professional",
            emotionalRange=True,
            multilingualSupport=True,
            trainingOptions={"enhanceQuality": True, "speakerConsistency": 0.85},
            audioSamples=[sample(emotion="happy", language="en"), sample(OTHER, language="de")],
        )
        made = answer.json()
        assert answer.status_code == 200 and "Sayso-Ignored" not in answer, made
        work_times(made["voiceId"], 1)

        shown = client.get(f"{PROXY}/{made['voiceId']}/status").json()
        assert (shown["status"], shown["expiresAt"]) == ("processing", "2027-02-19T12:00:00Z")
        assert shown["trainingProgress"]["currentStep"] == "training"
        work_times(made["voiceId"], 3)

        (asked,) = [one for one in emulator.asked if (one.method, one.path) == ("POST", VOICES)]
        sent = json.loads(asked.body)
        assert sent["voiceType"] == "professional"
        assert sent["trainingOptions"] == {
            "removeNoise": False, "enhanceQuality": True, "speakerConsistency": 0.85,
        }  # fmt: skip
        said = [(one.get("language"), one.get("emotion")) for one in sent["audioSamples"]]
        assert said == [("en", "happy"), ("de", None)]
        assert (sent["emotionalRange"], sent["multilingualSupport"]) == (True, True)
        assert (sent["voiceName"], Voice.objects.get().state) == (made["voiceId"], "ready")

    def test_shows_the_providers_progress(
        self, client: Http, emulator: TensorOneEmulator, consent_id: str
    ) -> None:
        emulator.polls = 9
        voice_id = clone(client, consent_id).json()["voiceId"]
        work_times(voice_id, 2)

        progress = client.get(f"{PROXY}/{voice_id}/status").json()["trainingProgress"]

        assert (progress["currentStep"], progress["percentComplete"]) == ("training", 15.0)

    def test_in_a_language_that_one_recording_adds_is_refused(
        self, client: Http, emulator: TensorOneEmulator, consent_id: str
    ) -> None:
        answer = clone(client, consent_id, audioSamples=[sample(), sample(OTHER, language="es")])

        reasons = [one["code"] for one in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_not_covered"])
        assert (emulator.asked, Voice.objects.count()) == ([], 0)


class TestRecordingsAtAnAddress:
    @pytest.fixture
    def files(self) -> Iterator[TensorOneEmulator]:
        """A server of files on loopback, which development may reach."""
        found = TensorOneEmulator()
        found.files = {"a.wav": (READING, "audio/wav"), "b.wav": (OTHER, "audio/wav")}
        with found.running():
            yield found

    def test_are_fetched_here(
        self, client: Http, files: TensorOneEmulator, consent_id: str
    ) -> None:
        answer = clone(
            client,
            consent_id,
            audioSamples=[
                {"audioUrl": f"{files.base_url}/generated/a.wav", "transcript": SENTENCE},
                f"{files.base_url}/generated/b.wav",
            ],
        )

        made = answer.json()
        work_times(made["voiceId"], 1)
        row = Voice.objects.get()
        assert (row.state, row.samples.count()) == ("ready", 2)
        assert all("Authorization" not in one.headers for one in files.asked)

    @pytest.mark.parametrize(
        "url",
        [
            "http://10.0.0.7/a.wav",
            "http://169.254.169.254/latest/meta-data",
            "http://[::ffff:10.0.0.7]/a.wav",
            "http://metadata.internal/a.wav",
            "http://a.example/a.wav",
            "https://user:word@a.example/a.wav",
            "ftp://a.example/a.wav",
            "file:///etc/passwd",
        ],
    )
    def test_elsewhere_than_on_public_hosts_are_not_asked_for(
        self, client: Http, consent_id: str, url: str
    ) -> None:
        answer = clone(client, consent_id, audioSamples=[{"audioUrl": url}])

        assert answer.status_code == 422, answer.content
        assert "audioSamples.0.audioUrl" in answer.json()["error"]
        assert not Voice.objects.exists()

    @pytest.mark.parametrize("case", ["missing", "moved", "too large", "too large in all"])
    def test_that_are_none_are_refused(
        self,
        client: Http,
        files: TensorOneEmulator,
        consent_id: str,
        settings: Settings,
        case: str,
    ) -> None:
        name = "none.wav" if case == "missing" else "a.wav"
        count = 1
        if case == "moved":
            files.fail("/gen", Fault(status=302, headers={"Location": "/generated/b.wav"}))
        if case == "too large":
            settings.SAYSO_MAX_UPLOAD_BYTES = len(READING) - 1
        if case == "too large in all":
            settings.SAYSO_MAX_UPLOAD_BYTES, count = len(READING), 11

        urls = [f"{files.base_url}/generated/{name}?{number}" for number in range(count)]
        answer = clone(client, consent_id, audioSamples=urls)

        assert (answer.status_code, answer.json()["code"]) == (422, "sample_unreachable")
        assert not Voice.objects.exists()

    def test_of_a_clone_that_is_not_allowed_are_not_fetched(
        self, client: Http, files: TensorOneEmulator, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(actions=["synthesize"])

        answer = clone(client, consent.id, audioSamples=[f"{files.base_url}/generated/a.wav"])

        assert (answer.status_code, files.asked) == (403, [])
        assert Decision.objects.get().preview

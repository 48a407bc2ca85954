"""TensorOne's own API before the gate: speech at an address of ours, batches as jobs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import soundfile
from pytest_django import Settings

from accounts.models import ApiKey, Organisation
from core import clock
from provenance.models import Clip
from proxies.tensorone import urls
from proxies.tensorone.tensorone_rules import RULES
from tests.conftest import NOON
from tests.emulators.tensorone import TensorOneEmulator
from tests.fixtures.consents import MakeConsent
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Http, MakeVoice, revoke
from tests.voices.providers.tensorone_world import (
    PROXY,
    VOICES,
    connect_tensorone,
    fetch,
    make_trained_voice,
    say,
)
from voices.models import Voice
from voices.speech import job_queue

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

METHODS = ("get", "post", "put", "patch", "delete")


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


@pytest.fixture
def remote(client: Http, emulator: TensorOneEmulator, consent_id: str) -> str:
    """Our id of a voice that TensorOne has trained."""
    return make_trained_voice(client, consent_id)


@pytest.fixture
def local(make_voice: MakeVoice, reader: object) -> str:
    """The id of a voice of the sandbox's engine."""
    return str(make_voice().id)


class TestSpeech:
    def test_is_at_an_address_of_ours_that_needs_no_key(
        self, client: Http, emulator: TensorOneEmulator, remote: str
    ) -> None:
        answer = say(client, remote, voiceId=remote, emotion="happy", outputFormat="wav")

        told = answer.json()
        assert answer.status_code == 200, told
        assert emulator.base_url not in answer.content.decode()
        assert (told["text"], told["voiceId"]) == (SENTENCE, remote)
        assert (told["format"], told["sampleRate"]) == ("wav", 44_100)
        audio = fetch(client, told["audioUrl"])
        clip = Clip.objects.get()
        assert (audio.status_code, audio["Sayso-Clip"]) == (200, clip.id)
        heard = soundfile.info(io.BytesIO(audio.content))
        assert (heard.format, heard.samplerate) == ("WAV", 44_100)
        assert told["duration"] == pytest.approx(heard.duration, abs=0.01)
        assert (clip.provider, bool(clip.scheme)) == ("tensorone", True)
        assert [one.path for one in emulator.asked].count(f"{VOICES}/voice_000001/speak") == 1

    def test_in_another_language_is_refused_before_the_provider_is_asked(
        self, client: Http, emulator: TensorOneEmulator, remote: str
    ) -> None:
        before = len(emulator.asked)

        answer = say(client, remote, text="Die Lampen am Hafen wurden nacheinander angezündet.")

        reasons = [one["code"] for one in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_mismatch"])
        assert len(emulator.asked) == before

    def test_names_what_the_sandbox_leaves_out(self, client: Http, local: str) -> None:
        answer = say(client, local, emotion="happy", pitch=2, speed=1.1)

        assert (answer.status_code, answer["Sayso-Ignored"]) == (200, "emotion")
        assert "Sayso-Ignored" not in say(client, local)

    @pytest.mark.parametrize("ended", ["consent", "voice"])
    def test_is_refused_when_its_ground_has_ended_meanwhile(
        self, client: Http, local: str, ended: str
    ) -> None:
        url = say(client, local).json()["audioUrl"]
        assert fetch(client, url).status_code == 200
        voice = Voice.objects.get(id=local)
        if ended == "consent":
            revoke(voice.consent_id, voice.organisation_id)
        else:
            client.delete(f"{PROXY}/{local}")

        refused = fetch(client, url)

        body = refused.json()
        assert (refused.status_code, refused["Content-Type"]) == (403, "application/json")
        reasons = [one["code"] for one in body["reasons"]]
        assert reasons == ["consent_revoked" if ended == "consent" else "voice_not_ready"]

    def test_is_at_its_address_for_ten_minutes(
        self, client: Http, local: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = say(client, local).json()["audioUrl"]
        made = clock.now()

        def later(minutes: float) -> datetime:
            return made + timedelta(minutes=minutes)

        monkeypatch.setattr(clock, "now", lambda: later(9.9))
        assert fetch(client, url).status_code == 200
        monkeypatch.setattr(clock, "now", lambda: later(10.1))
        expired = fetch(client, url)

        assert (expired.status_code, expired.json()["code"]) == (403, "clip_link_expired")

    def test_is_at_no_other_address(self, client: Http, local: str) -> None:
        token = say(client, local).json()["audioUrl"].rpartition("/")[2]
        payload, _, seal = token.partition(".")
        other = base64.urlsafe_b64encode(b'["clp_x",9999999999]').decode().rstrip("=")

        for forged in (payload, f"{payload}.", f"{other}.{seal}", token[:-1], f"x{token}"):
            answer = fetch(client, f"http://x/proxy/tensorone/audio/{forged}")
            assert answer.status_code == 404, forged

    def test_comes_in_parts(self, client: Http, local: str) -> None:
        url = say(client, local).json()["audioUrl"]
        part = client.get(urlsplit(url).path, HTTP_RANGE="bytes=0-9", HTTP_AUTHORIZATION="")
        assert (part.status_code, len(part.content)) == (206, 10)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"text": ""}, 422),
            ({"text": 7}, 422),
            ({"text": "x" * 5_001}, 422),
            ({"text": "<speak>Hello</speak>"}, 422),
            ({"voiceId": "vox_other"}, 422),
            ({"speed": 0.4}, 422),
            ({"speed": "fast"}, 422),
            ({"pitch": 13}, 422),
            ({"emotion": "furious"}, 422),
            ({"outputFormat": "aac"}, 422),
            ({"sampleRate": 8_000}, 422),
            ({"sampleRate": "44100"}, 422),
            ({"callbackUrl": "https://a.example/"}, 422),
        ],
    )
    def test_of_bad_input_is_refused(
        self, client: Http, local: str, changes: dict[str, Any], code: int
    ) -> None:
        answer = say(client, local, **changes)

        assert answer.status_code == code, answer.content
        assert isinstance(answer.json()["error"], str)
        assert not Clip.objects.exists()

    @pytest.mark.parametrize(
        ("voice", "reason"),
        [("voice_revoked", "consent_revoked"), ("voice_wrong_language", "language_not_covered")],
    )
    def test_of_the_sandboxs_words_is_refused_as_they_say(
        self, client: Http, voice: str, reason: str
    ) -> None:
        answer = say(client, voice)
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, reason)

    def test_of_another_providers_voice_is_not_found(
        self, client: Http, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        Voice.objects.filter(id=voice.id).update(provider="inworld")
        assert say(client, voice.id).status_code == 404


class TestABatch:
    def post(self, client: Http, voice: str, **changes: Any) -> Any:
        body = {
            "voiceId": voice,
            "texts": [
                {"text": SENTENCE, "filename": "one.mp3"},
                {"text": "Die Lampen am Hafen wurden eine nach der anderen angezündet."},
            ],
            "outputFormat": "mp3",
        }
        return client.post(f"{PROXY}/batch-speak", body | changes, format="json")

    def work(self, job_id: str) -> None:
        job_queue.run_job_items(job_id, wall_clock=lambda: NOON)

    def test_is_a_job_of_ours_in_which_each_text_asks_the_gate(
        self, client: Http, local: str
    ) -> None:
        answer = self.post(client, local)
        told = answer.json()
        assert (answer.status_code, told["status"], told["total"]) == (200, "processing", 2)

        self.work(told["batchId"])

        done = client.get(f"{PROXY}/batch/{told['batchId']}").json()
        first, second = done["results"]
        assert (first["filename"], first["status"]) == ("one.mp3", "completed")
        assert fetch(client, first["audioUrl"])["Content-Type"] == "audio/mpeg"
        # It claims English, and is German.
        assert (second["filename"], second["status"]) == ("speech_1.mp3", "failed")
        assert [one["code"] for one in second["reasons"]] == ["language_mismatch"]
        assert "audioUrl" not in second
        assert (done["completed"], done["failed"]) == (1, 1)
        assert client.get(f"/v1/jobs/{told['batchId']}").status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"texts": []},
            {"texts": ["x"]},
            {"texts": [{"text": ""}]},
            {"texts": [{"text": SENTENCE}] * 1_001},
            {"texts": [{"text": SENTENCE, "filename": "../../etc/passwd"}]},
            {"texts": [{"text": SENTENCE, "filename": ".ssh"}]},
            {"texts": [{"text": SENTENCE, "voiceId": "other"}]},
            {"outputFormat": "aac"},
            {"webhook": "https://a.example/"},
        ],
    )
    def test_of_bad_input_is_refused_whole(
        self, client: Http, local: str, changes: dict[str, Any]
    ) -> None:
        assert self.post(client, local, **changes).status_code == 422
        assert client.get("/v1/jobs").json()["data"] == []

    def test_of_a_stranger_is_not_found(self, client: Http) -> None:
        answer = client.get(f"{PROXY}/batch/job_agrc7j3yo5zbzl2mwzrldk4k6m")
        assert (answer.status_code, answer.json()["error"]) == (404, "There is no such job.")


class TestAStranger:
    def test_is_shown_nothing_and_changes_nothing(
        self, client: Http, local: str, make_key: MakeKey, client_of: ClientOf, bolt: Organisation
    ) -> None:
        batch = TestABatch().post(client, local).json()["batchId"]
        stranger = client_of(make_key(organisation=bolt, default_use_case=AUDIOBOOK))

        answers = [
            stranger.get(f"{PROXY}/{local}/status"),
            stranger.get(f"{PROXY}/batch/{batch}"),
            stranger.delete(f"{PROXY}/{local}"),
            say(stranger, local),
            TestABatch().post(stranger, local),
        ]

        assert [one.status_code for one in answers] == [404] * 5
        assert stranger.get(f"{PROXY}/voices").json() == {"voices": []}
        assert Voice.objects.get(id=local).state == "ready"


class TestOtherRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "word"),
        [
            ("post", "/v2/ai/text-to-speech", "own voices"),
            ("post", "/v2/ai/voice-cloning/x/share", "no such route"),
            ("put", "/v2/ai/voice-cloning/x", "no such route"),
            ("get", "/v2/ai/account", "no such route"),
        ],
    )
    def test_do_not_exist(self, client: Http, method: str, path: str, word: str) -> None:
        answer = getattr(client, method)(f"/proxy/tensorone{path}", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (404, "route_not_offered")
        assert word in answer.json()["error"]

    def test_are_not_among_those_that_the_rules_call_gated(self) -> None:
        said = set[tuple[str, str]]()
        for pattern in urls.urlpatterns:
            view: Any = pattern.callback
            path = str(pattern.pattern).replace("<str:voice_id>", "*")
            path = path.replace("<str:batch_id>", "*")
            if not hasattr(view.cls, "answer"):
                methods = [name for name in METHODS if hasattr(view.cls, name)]
                said |= {(name.upper(), path) for name in methods}

        assert said - {("GET", "audio/<str:token>")} == set(RULES.gated)

"""OpenAI behind the gate: statements, what reaches it, what it answers, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts.models import ApiKey
from consent.models import ProviderStatement
from provenance.models import Clip
from tests.emulators import openai
from tests.emulators.emulator import Fault, wrap_wav
from tests.emulators.openai import OpenAiEmulator
from tests.fixtures.consents import MakeConsent
from tests.support.checked_accounts import check_account
from tests.voices.conftest import AUDIO, AUDIOBOOK, Http
from tests.voices.providers.conftest import READING, speak
from tests.voices.test_background_cloning import ask
from voices import tasks
from voices.models import Voice

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

BASE = "/proxy/openai/v1"
VOICES = "/v1/audio/voices"
CONSENTS = "/v1/audio/voice_consents"
SPEAK = "/v1/audio/speech"
SPOKEN = (AUDIO / "librivox-austen-0930.wav").read_bytes()
STRANGER = (AUDIO / "pocketsphinx-cards.flac").read_bytes()


@pytest.fixture(autouse=True)
def emulated(client: Http, settings: Settings) -> Iterator[OpenAiEmulator]:
    """An emulated OpenAI that Acme is connected to."""
    settings.SAYSO_DEVELOPMENT = True
    emulator = OpenAiEmulator()
    with emulator.running():
        body = {
            "provider": "openai",
            "base_url": f"{emulator.base_url}/v1",
            "credentials": {"api_key": openai.KEY},
        }
        made = client.post("/v1/provider_accounts", body, format="json")
        check_account(made.json()["id"], emulator)
        ApiKey.objects.update(default_use_case=AUDIOBOOK)
        yield emulator


@pytest.fixture
def consent_id(make_consent: MakeConsent) -> str:
    """A consent that covers OpenAI."""
    return str(make_consent(providers=["openai", "local"]).id)


def upload(name: str, data: bytes = SPOKEN) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="audio/wav")


def state(client: Http, consent_id: str, **changes: Any) -> Any:
    """Bring a statement as the SDK does."""
    form = {"name": "Mara", "language": "en-US", "recording": upload("mara.wav"), **changes}
    return client.post(f"{BASE}/audio/voice_consents", form, HTTP_SAYSO_CONSENT=consent_id)


def clone(client: Http, statement_id: str, **changes: Any) -> Any:
    """Make a voice as the SDK does."""
    form = {"name": "Mara", "consent": statement_id, "audio_sample": upload("a.wav", READING)}
    return client.post(f"{BASE}/audio/voices", form | changes)


def say(client: Http, named: Any, **changes: Any) -> Any:
    """Speak as the SDK does."""
    body = {
        "model": "gpt-4o-mini-tts",
        "voice": named,
        "input": "The lamps along the harbour were lit one after another.",
        "response_format": "wav",
    }
    return client.post(
        f"{BASE}/audio/speech", body | changes, format="json", HTTP_SAYSO_LANGUAGE="en"
    )


@pytest.fixture
def remote(client: Http, consent_id: str) -> str:
    """The id of a voice that OpenAI has made."""
    answer = clone(client, state(client, consent_id).json()["id"])
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["id"])


class TestAStatement:
    def test_is_kept_and_nothing_of_it_leaves(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        answer = state(client, consent_id)

        assert answer.status_code == 200, answer.content
        assert (answer.json()["object"], answer.json()["name"]) == ("audio.voice_consent", "Mara")
        row = ProviderStatement.objects.get()
        assert (row.consent_id, row.provider, row.language) == (consent_id, "openai", "en-US")
        events = client.get(f"/v1/consents/{consent_id}/events").json()["data"]
        assert "consent.statement_added" in {event["type"] for event in events}
        assert emulated.asked == []

    def test_twice_is_one(self, client: Http, consent_id: str) -> None:
        assert state(client, consent_id).json()["id"] == state(client, consent_id).json()["id"]

    def test_is_listed_shown_renamed_and_deleted(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        statement = state(client, consent_id).json()["id"]
        path = f"{BASE}/audio/voice_consents/{statement}"

        assert client.post(path, {"name": "Harbour"}, format="json").json()["name"] == "Harbour"
        listed = client.get(f"{BASE}/audio/voice_consents").json()
        assert [one["id"] for one in listed["data"]] == [statement]
        assert client.get(path).json()["name"] == "Harbour"
        assert client.delete(path).json()["deleted"] is True
        assert client.get(path).status_code == 404
        assert (ProviderStatement.objects.get().blob, emulated.asked) == ("", [])

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": ""},
            {"language": "nowhere"},
            {"language": "x" * 70},
            {"recording": "mara.wav"},
            {"recording": upload("mara.wav", b"no audio")},
            {"prompt": "warm"},
            {"name": ["a", "b"]},
        ],
    )
    def test_that_is_wrong_is_refused_in_the_providers_shape(
        self, client: Http, consent_id: str, changes: dict[str, Any]
    ) -> None:
        answer = state(client, consent_id, **changes)

        assert answer.status_code == 422, answer.content
        assert answer.json()["error"]["code"]
        assert not ProviderStatement.objects.exists()

    def test_of_no_consent_is_refused(self, client: Http, consent_id: str) -> None:
        assert state(client, "con_none").status_code == 404
        form = {"name": "Mara", "language": "en", "recording": upload("mara.wav")}
        assert client.post(f"{BASE}/audio/voice_consents", form).status_code == 422

    def test_that_was_made_here_is_refused(
        self, client: Http, consent_id: str, remote: str
    ) -> None:
        long = "The lamps along the harbour were lit one after another, and no one spoke. " * 2
        made = say(client, remote, input=long).content

        answer = state(client, consent_id, recording=upload("made.wav", made))

        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "sample_watermarked")


class TestAClone:
    def test_passes_on_the_statement_and_no_name(
        self, emulated: OpenAiEmulator, remote: str
    ) -> None:
        consent, voice = emulated.asked
        assert (consent.path, voice.path) == (CONSENTS, VOICES)
        assert SPOKEN in consent.body
        assert READING in voice.body
        assert b"Mara" not in consent.body + voice.body
        assert remote.encode() in consent.body

    def test_without_a_statement_reaches_no_one(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        answer = ask(client, consent_id, provider="openai", delivery={"mode": "sync"})

        assert (answer.status_code, answer.json()["code"]) == (422, "provider_statement_missing")
        assert (emulated.asked, Voice.objects.count()) == ([], 0)

    def test_takes_the_statement_of_our_own_route(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        form = {"provider": "openai", "language": "en", "recording": upload("mara.wav")}
        brought = client.post(f"/v1/consents/{consent_id}/statements", form)
        assert brought.status_code == 201, brought.content

        answer = ask(client, consent_id, provider="openai", delivery={"mode": "sync"})

        assert (answer.status_code, len(emulated.consents)) == (201, 1), answer.json()

    def test_with_the_statement_of_another_person_reaches_no_one(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str
    ) -> None:
        statement = state(client, consent_id, recording=upload("other.wav", STRANGER)).json()

        answer = clone(client, statement["id"])

        assert (answer.status_code, answer.json()["error"]["code"]) == (
            422,
            "sample_speaker_mismatch",
        )
        assert emulated.asked == []

    def test_is_denied_before_its_statement_is_opened(
        self, client: Http, emulated: OpenAiEmulator, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(providers=["local"])

        answer = clone(client, state(client, consent.id).json()["id"])

        reasons = [one["code"] for one in answer.json()["error"]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["provider_not_covered"])
        assert emulated.asked == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"consent": "cons_1"},
            {"consent": ""},
            {"name": ""},
            {"audio_sample": "a.wav"},
            {"type": "prompt"},
            {"language": "en"},
        ],
    )
    def test_of_bad_input_is_refused(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str, changes: dict[str, Any]
    ) -> None:
        answer = clone(client, state(client, consent_id).json()["id"], **changes)

        assert answer.status_code in {404, 422}, answer.content
        assert (sorted(answer.json()), emulated.asked) == (["error"], [])

    @pytest.mark.parametrize("status", [400, 429])
    def test_that_fails_leaves_no_consent_and_is_not_repeated(
        self, client: Http, emulated: OpenAiEmulator, consent_id: str, status: int
    ) -> None:
        statement = state(client, consent_id).json()["id"]
        emulated.fail(VOICES, Fault(status=status))

        answer = clone(client, statement)

        assert answer.status_code in {422, 424}, answer.content
        assert (emulated.consents, emulated.voices) == ({}, {})

    def test_is_deleted_with_its_consent(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        assert client.delete(f"{BASE}/audio/voices/{remote}").json()["deleted"] is True
        tasks.remove_voice(voice_id=remote, actor="system:test")

        assert Voice.objects.get().state == "deleted"
        assert (emulated.voices, emulated.consents) == ({}, {})
        deletions = [one.path for one in emulated.asked if one.method == "DELETE"]
        assert len(deletions) == 4

    def test_that_the_provider_keeps_stays_unconfirmed(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        emulated.fail(VOICES, Fault(status=200, times=None))
        client.delete(f"{BASE}/audio/voices/{remote}")

        with pytest.raises(Exception, match="has not deleted"):
            tasks.remove_voice(voice_id=remote, actor="system:test")

        assert Voice.objects.get().state == "revoking"


class TestSpeech:
    def test_is_marked_and_ours(self, client: Http, emulated: OpenAiEmulator, remote: str) -> None:
        answer = say(client, {"id": remote}, instructions="calm", speed=1.5)

        assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "openai", True)
        sent = json.loads(emulated.asked[-1].body)
        assert (sent["instructions"], sent["speed"], sent["response_format"]) == (
            "calm",
            1.5,
            "wav",
        )

    @pytest.mark.parametrize(
        ("codec", "kind"),
        [("mp3", "audio/mpeg"), ("opus", "audio/ogg; codecs=opus"), ("flac", "audio/flac"),
         ("pcm", "audio/pcm")],
    )  # fmt: skip
    def test_comes_in_every_codec(self, client: Http, remote: str, codec: str, kind: str) -> None:
        answer = say(client, remote, response_format=codec)

        assert (answer.status_code, answer["Content-Type"]) == (200, kind)

    def test_of_a_stock_name_is_that_of_the_voice_that_bears_it(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        assert say(client, "alloy").status_code == 404
        client.patch(f"/v1/voices/{remote}", {"external_id": "alloy"}, format="json")

        assert say(client, "alloy").status_code == 200
        assert Clip.objects.get().voice_id == remote
        assert json.loads(emulated.asked[-1].body)["voice"] == {"id": "voice_2"}
        assert say(client, "nova").status_code == 404

    @pytest.mark.parametrize(
        "changes",
        [
            {"input": 7},
            {"input": "x" * 4_097},
            {"input": ""},
            {"voice": None},
            {"voice": {"id": "vox_x", "name": "y"}},
            {"voice": ["alloy", "nova"]},
            {"model": 3},
            {"model": "x" * 101},
            {"speed": 9},
            {"speed": "fast"},
            {"response_format": "mulaw"},
            {"stream_format": "ws"},
            {"stream_format": "sse", "response_format": "flac"},
            {"instructions": "x" * 4_097},
            {"speaker_embedding": [0.1]},
            {"ref_audio": "UklGRg=="},
        ],
    )
    def test_of_bad_input_is_refused_in_the_providers_shape(
        self, client: Http, emulated: OpenAiEmulator, remote: str, changes: dict[str, Any]
    ) -> None:
        answer = say(client, remote, **changes)

        assert (answer.status_code, sorted(answer.json())) == (422, ["error"]), answer.content
        assert emulated.count("POST", SPEAK) == 0

    def test_in_a_language_that_is_not_covered_says_why(
        self, client: Http, emulated: OpenAiEmulator, remote: str
    ) -> None:
        body = {"model": "m", "voice": remote, "input": "港の明かりが次々に灯されました。"}
        answer = client.post(f"{BASE}/audio/speech", body, format="json", HTTP_SAYSO_LANGUAGE="ja")

        error = answer.json()["error"]
        assert (answer.status_code, error["type"]) == (403, "permission_error")
        assert [one["code"] for one in error["reasons"]] == ["language_not_covered"]
        assert emulated.count("POST", SPEAK) == 0

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            (Fault(status=500), 503),
            (Fault(status=401), 503),
            (Fault(status=400), 422),
            (Fault(answer=b"no audio", media_type="audio/wav"), 503),
            (Fault(answer=wrap_wav(bytes(96_000), 24_000), media_type="audio/wav"), 422),
        ],
    )
    def test_delivers_nothing_when_the_provider_fails(
        self, client: Http, emulated: OpenAiEmulator, remote: str, fault: Fault, status: int
    ) -> None:
        emulated.fail(SPEAK, fault)

        assert speak(client, remote).status_code == status
        assert Clip.objects.get().state == "aborted"


class TestOtherRoutes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "/realtime/client_secrets"),
            ("post", "/chat/completions"),
            ("post", "/responses"),
            ("post", "/audio/transcriptions"),
            ("get", "/models"),
            ("get", "/audio/voices/vox_x"),
        ],
    )
    def test_are_refused(
        self, client: Http, emulated: OpenAiEmulator, method: str, path: str
    ) -> None:
        answer = getattr(client, method)(BASE + path, {}, format="json")

        assert answer.status_code in {404, 405}, answer.content
        assert (sorted(answer.json()), emulated.asked) == (["error"], [])

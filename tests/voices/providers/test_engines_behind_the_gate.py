"""Self-hosted engines behind the gate: listed by the operator, gated as all others."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from accounts.models import ApiKey
from consent.models import Reservation
from provenance.models import Clip
from tests.conftest import NOON
from tests.emulators.emulator import Fault
from tests.emulators.engine_emulator import EngineEmulator
from tests.fixtures.consents import MakeConsent
from tests.support.checked_accounts import check_account
from tests.support.engine_calls import BY_NAME, TEXT
from tests.voices.conftest import AUDIOBOOK, Http, revoke
from tests.voices.providers.conftest import READING, speak
from tests.voices.test_background_cloning import ask
from upstream import loop_thread
from voices import reconcile, voice_deletion
from voices.models import ProviderAccount, Sample, Voice, VoiceState
from voices.providers.base import DeletionUnconfirmed

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SPEECH = "/proxy/openai/v1/audio/speech"


@pytest.fixture(autouse=True)
def served(settings: Settings) -> Iterator[None]:
    settings.SAYSO_DEVELOPMENT = False
    settings.SAYSO_ENGINE_HOSTS = ()
    yield
    loop_thread.stop_loop_thread()


@contextmanager
def running_engine(client: Http, settings: Settings, name: str) -> Iterator[EngineEmulator]:
    """An engine that the operator has listed and Acme has connected."""
    case = BY_NAME[name]
    emulator = case.emulator(case.key)
    with emulator.running():
        settings.SAYSO_ENGINE_HOSTS = (("127.0.0.1", urlsplit(emulator.base_url).port),)
        answer = connect(client, name, emulator)
        assert answer.status_code == 201, answer.json()
        check_account(answer.json()["id"], emulator)
        yield emulator


def connect(client: Http, name: str, emulator: EngineEmulator) -> Any:
    body = {
        "provider": name,
        "base_url": emulator.base_url,
        "settings": dict(BY_NAME[name].settings),
    }
    return client.post("/v1/provider_accounts", body, format="json")


def clone(client: Http, make_consent: MakeConsent, name: str, **more: Any) -> Any:
    consent = make_consent(providers=["local", name])
    return ask(client, consent.id, provider=name, delivery={"mode": "sync"}, **more)


def delete(voice_id: str, *, at: Any = lambda: NOON) -> bool:
    return voice_deletion.run_deletion(voice_id, actor="system:test", wall_clock=at)


class TestAnEngine:
    @pytest.mark.parametrize(
        "name", ["vllm_omni", "chatterbox_tts_api", "fish_speech", "localai", "cosyvoice"]
    )
    def test_clones_speaks_and_forgets(
        self, client: Http, settings: Settings, make_consent: MakeConsent, name: str
    ) -> None:
        with running_engine(client, settings, name) as emulator:
            made = clone(client, make_consent, name)
            assert made.status_code == 201, made.json()
            voice = Voice.objects.get()
            assert b"Mara" not in b"".join(one.body for one in emulator.asked)

            spoken = speak(client, voice.id)
            assert spoken.status_code == 200, spoken.content
            clip = Clip.objects.get()
            assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", name, True)

            revoke(voice.consent_id, voice.organisation_id)
            reconcile.sweep_pending_work(at=NOON)
            assert delete(voice.id)
            voice.refresh_from_db()
            assert (voice.state, voice.profile_blob_id, emulator.voices) == ("deleted", "", {})
            assert not Sample.objects.exists()

    def test_is_asked_for_nothing_that_the_consent_does_not_cover(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        with running_engine(client, settings, "vllm_omni") as emulator:
            consent = make_consent(providers=["local"])
            denied = ask(client, consent.id, provider="vllm_omni", delivery={"mode": "sync"})

            assert (denied.status_code, denied.json()["code"]) == (403, "consent_denied")
            assert denied.json()["reasons"][0]["code"] == "provider_not_covered"
            assert emulator.asked == []

    def test_that_lost_the_voice_speaks_with_no_other(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        with running_engine(client, settings, "chatterbox_tts_api") as emulator:
            voice_id = clone(client, make_consent, "chatterbox_tts_api").json()["id"]
            emulator.voices.clear()

            answer = speak(client, voice_id)

            assert (answer.status_code, answer.json()["code"]) == (422, "provider_refused")
            assert emulator.count("POST", "/v1/audio/speech") == 0
            assert Clip.objects.get().state == "aborted"
            assert not Reservation.objects.filter(state="held").exists()

    def test_that_answers_with_silence_is_not_delivered(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        with running_engine(client, settings, "cosyvoice") as emulator:
            voice_id = clone(client, make_consent, "cosyvoice").json()["id"]
            silence = Fault(answer=bytes(200_000), media_type="audio/pcm")
            emulator.fail("/inference_zero_shot", silence)

            answer = speak(client, voice_id)

            assert (answer.status_code, answer.json()["code"]) == (422, "provider_answer_refused")


class TestAPreset:
    @pytest.mark.parametrize("name", ["kokoro_fastapi", "xtts_api_server"])
    def test_is_no_place_for_a_recording(
        self, client: Http, settings: Settings, make_consent: MakeConsent, name: str
    ) -> None:
        with running_engine(client, settings, name) as emulator:
            answer = clone(client, make_consent, name)

            assert (answer.status_code, answer.json()["code"]) == (422, "preset_voices_only")
            assert answer.json()["errors"][0]["attr"] == "provider"
            assert emulator.asked == []
            assert not Voice.objects.exists()


class TestARecording:
    @pytest.mark.parametrize("name", ["localai", "fish_speech", "cosyvoice"])
    def test_needs_its_words_where_the_engine_does(
        self, client: Http, settings: Settings, make_consent: MakeConsent, name: str
    ) -> None:
        with running_engine(client, settings, name) as emulator:
            sample = {"audio_base64": base64.b64encode(READING).decode()}
            answer = clone(client, make_consent, name, samples=[sample])

            assert answer.status_code == 422, answer.json()
            assert answer.json()["errors"][0]["attr"] == "samples.0.transcript"
            assert emulator.asked == []


class TestADeletionByTheOperator:
    def test_stays_open_and_says_what_to_do_until_the_file_is_gone(
        self,
        client: Http,
        settings: Settings,
        make_consent: MakeConsent,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with running_engine(client, settings, "chatterbox_tts_server") as emulator:
            voice_id = clone(client, make_consent, "chatterbox_tts_server").json()["id"]
            voice_deletion.begin_deletion(voice_id, code="requested")

            for _ in range(2):
                with pytest.raises(DeletionUnconfirmed):
                    delete(voice_id)
                Voice.objects.update(lease_until=None)

            told = [one for one in caplog.records if "not confirmed" in one.getMessage()]
            assert len(told) == 1
            shown = client.get(f"/v1/voices/{voice_id}").json()
            assert shown["state"] == VoiceState.REVOKING
            assert [one["code"] for one in shown["errors"]] == ["deletion_unconfirmed"]
            assert f"{voice_id}.wav" in shown["errors"][0]["detail"]
            assert speak(client, voice_id).status_code in {403, 409}

            emulator.voices.clear()
            assert delete(voice_id)
            gone = client.get(f"/v1/voices/{voice_id}").json()
            assert (gone["state"], gone["errors"]) == (VoiceState.DELETED, [])


class TestAHost:
    @pytest.mark.parametrize(
        "hosts", [(), (("127.0.0.2", None),), (("127.0.0.1", 1),), (("localhost", None),)]
    )
    def test_that_the_operator_has_not_named_is_not_connected(
        self, client: Http, settings: Settings, hosts: tuple[tuple[str, int | None], ...]
    ) -> None:
        emulator = BY_NAME["vllm_omni"].emulator()
        with emulator.running():
            settings.SAYSO_ENGINE_HOSTS = hosts
            answer = connect(client, "vllm_omni", emulator)

        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["attr"], fault["code"]) == ("base_url", "host_not_listed")
        assert not ProviderAccount.objects.exists()

    def test_that_was_taken_off_the_list_is_asked_no_more(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        with running_engine(client, settings, "vllm_omni") as emulator:
            voice_id = clone(client, make_consent, "vllm_omni").json()["id"]
            before = len(emulator.asked)
            settings.SAYSO_ENGINE_HOSTS = ()

            answer = speak(client, voice_id)

            assert (answer.status_code, answer.json()["code"]) == (422, "provider_address_refused")
            assert len(emulator.asked) == before

    def test_of_a_provider_of_two_steps_is_public(self, client: Http, settings: Settings) -> None:
        """A stored key of a cloud never goes to a private host, whatever is listed."""
        settings.SAYSO_ENGINE_HOSTS = (("10.0.0.7", None),)
        body = {
            "provider": "generic",
            "base_url": "https://10.0.0.7",
            "credentials": {"api_key": "k"},
            "settings": {},
        }
        answer = client.post("/v1/provider_accounts", body, format="json")

        assert answer.json()["errors"][0]["attr"] == "base_url"


class TestOpenAisShape:
    """What the engines' own pages send, to `/proxy/openai`."""

    README = (
        {"model": "kokoro", "input": TEXT, "voice": "af_bella", "response_format": "mp3"},
        {"input": TEXT, "voice": "af_bella"},
        {"model": "tts-1", "input": TEXT, "voice": "af_bella", "speed": 1.0, "stream": True},
    )

    def test_speaks_with_the_voice_that_bears_a_stock_name(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")
        with running_engine(client, settings, "chatterbox_tts_api") as emulator:
            voice = clone(client, make_consent, "chatterbox_tts_api").json()["id"]
            before = emulator.count("POST", "/v1/audio/speech")
            unknown = client.post(SPEECH, self.README[0], format="json")
            client.patch(f"/v1/voices/{voice}", {"external_id": "af_bella"}, format="json")

            answers = [client.post(SPEECH, body, format="json") for body in self.README]
            listed = client.get("/proxy/openai/v1/audio/voices").json()
            mixed = client.post(
                SPEECH, {**self.README[0], "voice": "af_sky+af_bella"}, format="json"
            )

            assert (unknown.status_code, mixed.status_code) == (404, 404)
            assert "af_bella" in unknown.json()["error"]["message"]
            assert [one.status_code for one in answers] == [200] * 3, answers[0].content[:300]
            assert [one.headers.get("Sayso-Ignored") for one in answers] == ["model", None, "model"]
            assert listed["voices"] == ["af_bella"]
            assert {clip.voice_id for clip in Clip.objects.all()} == {voice}
            assert emulator.count("POST", "/v1/audio/speech") == before + 3

    def test_speaks_with_no_voice_whose_person_has_withdrawn(
        self, client: Http, settings: Settings, make_consent: MakeConsent
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")
        with running_engine(client, settings, "chatterbox_tts_api") as emulator:
            voice = clone(client, make_consent, "chatterbox_tts_api").json()["id"]
            client.patch(f"/v1/voices/{voice}", {"external_id": "alloy"}, format="json")
            row = Voice.objects.get(id=voice)
            revoke(row.consent_id, row.organisation_id)
            before = emulator.count("POST", "/v1/audio/speech")

            answer = client.post(SPEECH, {**self.README[0], "voice": "alloy"}, format="json")

            assert answer.status_code == 403, answer.content
            assert [one["code"] for one in answer.json()["error"]["reasons"]] == ["consent_revoked"]
            assert emulator.count("POST", "/v1/audio/speech") == before

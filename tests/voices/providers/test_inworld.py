"""Inworld behind the gate: what reaches it, what it answers, and what goes wrong there."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from accounts.models import ApiKey, Organisation
from consent.models import Reservation
from provenance.models import Clip
from proxies.magic_voices import MAGIC_VOICES
from tests.emulators.emulator import Fault, wrap_wav
from tests.emulators.inworld import InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import AUDIOBOOK, Http
from tests.voices.providers.conftest import READING, speak

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SPEAK = "/tts/v1/voice"


def answer_of(pcm: bytes) -> bytes:
    audio = base64.b64encode(wrap_wav(pcm, 24_000)).decode()
    return json.dumps({"audioContent": audio}).encode()


class TestAVoiceAtInworld:
    def test_speaks_marked_audio_that_is_ours(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        answer = speak(client, remote_voice, provider_options={"inworld": {"temperature": 0.7}})

        assert answer.status_code == 200, answer.content
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "inworld", True)
        sent = json.loads(provider.asked[-1].body)
        assert (sent["temperature"], sent["audioConfig"]["audioEncoding"]) == (0.7, "WAV")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"language": "ja", "text": "港の明かりが次々に灯されました。"}, "consent_denied"),
            ({"text": "x" * 2001}, "out_of_range"),
            ({"provider_options": {"inworld": {"voiceId": "other"}}}, "unsupported_field"),
            ({"provider_options": {"inworld": {"temperature": 3}}}, "out_of_range"),
            ({"provider_options": {"fish": {"top_p": 1}}}, "unsupported_field"),
            ({"prosody": {"speed": 2.0}}, "out_of_range"),
            ({"prosody": {"pitch_semitones": 1}}, "out_of_range"),
        ],
    )
    def test_is_asked_for_nothing_that_is_refused_here(
        self,
        client: Http,
        provider: InworldEmulator,
        remote_voice: str,
        changes: dict[str, Any],
        code: str,
    ) -> None:
        answer = speak(client, remote_voice, **changes)

        assert (answer.status_code in {403, 422}, answer.json()["code"]) == (True, code)
        assert provider.count("POST", SPEAK) == 0

    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            (Fault(status=500), 503, "provider_unavailable"),
            (Fault(status=429, headers={"Retry-After": "7"}), 503, "provider_unavailable"),
            (Fault(status=401), 503, "provider_account_refused"),
            (Fault(status=400), 422, "provider_refused"),
            (Fault(status=302, headers={"Location": "http://x"}), 422, "provider_refused"),
            (Fault(answer=b"not JSON"), 503, "provider_unavailable"),
            (Fault(answer=b'{"audioContent": "AAAA"}'), 503, "provider_unavailable"),
            (Fault(answer=b'{"audio": ""}'), 503, "provider_unavailable"),
            (Fault(answer=answer_of(bytes(96_000))), 422, "provider_answer_refused"),
            (Fault(answer=answer_of(b"\x00\x40" * 2_000)), 422, "provider_answer_refused"),
        ],
    )
    def test_delivers_nothing_when_the_provider_fails(
        self,
        client: Http,
        provider: InworldEmulator,
        remote_voice: str,
        fault: Fault,
        status: int,
        code: str,
    ) -> None:
        provider.fail(SPEAK, fault)

        answer = speak(client, remote_voice)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert Clip.objects.get().state == "aborted"
        assert not Reservation.objects.filter(state="held").exists()
        assert speak(client, remote_voice).status_code == 200

    def test_says_how_long_to_wait(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        provider.fail(SPEAK, Fault(status=429, headers={"Retry-After": "7"}))

        assert speak(client, remote_voice)["Retry-After"] == "7"

    def test_leaves_a_provider_alone_that_keeps_failing(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        provider.fail(SPEAK, Fault(status=503, times=None))
        for _ in range(5):
            speak(client, remote_voice)
        before = provider.count("POST", SPEAK)

        answer = speak(client, remote_voice)

        assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
        assert int(answer["Retry-After"]) > 0
        assert (before, provider.count("POST", SPEAK)) == (5, 5)


class TestAClone:
    def test_without_the_provider_in_the_consent_reaches_no_one(
        self, client: Http, provider: InworldEmulator, make_consent: MakeConsent
    ) -> None:
        body = {
            "consent": make_consent(providers=["local"]).id,
            "name": "Mara",
            "language": "en",
            "use_case": AUDIOBOOK,
            "provider": "inworld",
            "samples": [{"audio_base64": base64.b64encode(READING).decode()}],
        }

        answer = client.post("/v1/voices", body, format="json")

        codes = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, codes) == (403, ["provider_not_covered"])
        assert provider.asked == []


class TestTheProxy:
    BASE = "/proxy/inworld"

    @pytest.fixture(autouse=True)
    def default_use_case(self, client: Http) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK)

    def ask(self, client: Http, voice_id: str, **changes: Any) -> Any:
        body = {
            "voiceId": voice_id,
            "text": "The lamps along the harbour were lit one after another.",
            "modelId": "inworld-tts-2",
            "language": "en",
            "audioConfig": {"audioEncoding": "WAV", "sampleRateHertz": 24_000},
        }
        return client.post(f"{self.BASE}/tts/v1/voice", body | changes, format="json")

    @pytest.mark.parametrize("connected", [False, True])
    def test_loses_no_option_of_a_clone_in_silence(
        self,
        client: Http,
        make_consent: MakeConsent,
        request: pytest.FixtureRequest,
        connected: bool,
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK)
        emulator = request.getfixturevalue("provider") if connected else None
        consent = make_consent(providers=["inworld", "local"])
        body = {
            "displayName": "Mara",
            "langCode": "EN_US",
            "voiceSamples": [{"audioData": base64.b64encode(READING).decode()}],
            "tags": [f"sayso:{consent.id}"],
            "audioProcessingConfig": {"removeBackgroundNoise": True},
        }

        answer = client.post(f"{self.BASE}/voices/v1/voices:clone", body, format="json")

        assert answer.status_code == 200, answer.content
        if emulator is None:
            assert answer["Sayso-Ignored"] == "removeBackgroundNoise"
        else:
            sent = json.loads(emulator.asked[0].body)
            assert sent["audioProcessingConfig"] == {"removeBackgroundNoise": True}

    @pytest.mark.parametrize(
        "changes",
        [
            {"text": 7},
            {"text": "x" * 5_001},
            {"voiceId": None},
            {"referenceAudio": "UklGRg=="},
            {"audioConfig": {"audioEncoding": "ALAW"}},
            {"audioConfig": {"sampleRateHertz": 7}},
            {"audioConfig": {"voice": "x"}},
            {"audioConfig": {"speakingRate": 9}},
            {"temperature": "hot"},
            {"deliveryMode": "WILD"},
        ],
    )
    def test_answers_bad_input_in_the_providers_shape(
        self, client: Http, provider: InworldEmulator, remote_voice: str, changes: dict[str, Any]
    ) -> None:
        answer = self.ask(client, remote_voice, **changes)

        body = answer.json()
        assert (answer.status_code, sorted(body)) == (422, ["code", "details", "message"]), body
        assert body["details"][0]["code"]
        assert provider.count("POST", SPEAK) == 0

    def test_refuses_with_every_reason(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        answer = self.ask(
            client, remote_voice, language="ja", text="港の明かりが次々に灯されました。"
        )

        reasons = [reason["code"] for reason in answer.json()["details"][0]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_not_covered"])
        assert provider.count("POST", SPEAK) == 0

    @pytest.mark.parametrize(("voice_id", "code"), MAGIC_VOICES.items())
    def test_refuses_the_sandboxs_magic_voices_by_their_reason(
        self, client: Http, voice_id: str, code: str
    ) -> None:
        answer = self.ask(client, voice_id)

        reasons = [reason["code"] for reason in answer.json()["details"][0]["reasons"]]
        assert (answer.status_code, reasons) == (403, [code])

    def test_knows_no_magic_voice_of_a_live_key(
        self, make_key: MakeKey, client_of: ClientOf, acme: Organisation
    ) -> None:
        live = client_of(make_key(organisation=acme, live=True, default_use_case=AUDIOBOOK))

        assert self.ask(live, "voice_revoked").status_code == 404

    def test_refuses_a_text_whose_language_no_one_names(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        answer = self.ask(client, remote_voice, language=None)

        reasons = [reason["code"] for reason in answer.json()["details"][0]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_unknown"])

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "/voices/v1/voices/vox_x:publish"),
            ("post", "/voices/v1/voices:design"),
            ("post", "/v1/realtime/session"),
            ("get", "/tts/v1/voices"),
            ("put", "/tts/v1/other"),
        ],
    )
    def test_offers_nothing_beside_its_routes(
        self, client: Http, provider: InworldEmulator, method: str, path: str
    ) -> None:
        answer = getattr(client, method)(self.BASE + path, {}, format="json")

        assert (answer.status_code, answer.json()["code"]) == (404, 5)
        assert provider.asked == []

    def test_answers_a_wrong_key_in_the_providers_shape(self, client: Http) -> None:
        client.credentials(HTTP_AUTHORIZATION="Bearer sayso_test_wrong")

        answer = client.get(f"{self.BASE}/voices/v1/voices")

        assert (answer.status_code, answer.json()["code"]) == (401, 16)

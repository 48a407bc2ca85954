"""ElevenLabs behind the gate: what reaches it, what it answers, and what goes wrong there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ApiKey
from provenance.models import Clip
from tests.emulators import elevenlabs
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.emulators.emulator import Fault
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import AUDIOBOOK, Http
from tests.voices.providers.conftest import READING, Connect, speak
from upstream.upstream_errors import ProviderRefused
from voices.models import Voice
from voices.providers import registry
from voices.providers.base import ProviderVoice, TrainingState

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
BASE = "/proxy/elevenlabs"
SENTENCE = "The lamps along the harbour were lit one after another."


@pytest.fixture(autouse=True)
def default_use_case(client: Http) -> None:
    ApiKey.objects.update(default_use_case=AUDIOBOOK)


@pytest.fixture
def emulator(connect: Connect) -> ElevenLabsEmulator:
    emulator = ElevenLabsEmulator()
    connect("elevenlabs", emulator, elevenlabs.KEY)
    return emulator


def clone(
    client: Http, consent_id: str, *, headers: dict[str, str] | None = None, **changes: Any
) -> Any:
    labels = json.dumps({"language": "en", "sayso": f"sayso:{consent_id}"})
    form = {
        "name": "Mara",
        "labels": labels,
        "files": [SimpleUploadedFile("mara.wav", READING)],
    }
    form = {name: value for name, value in (form | changes).items() if value is not None}
    return client.post(f"{BASE}/v1/voices/add", form, format="multipart", headers=headers)


@pytest.fixture
def voice(client: Http, emulator: ElevenLabsEmulator, make_consent: MakeConsent) -> str:
    """The id of a voice that ElevenLabs has made."""
    answer = clone(client, make_consent(providers=["elevenlabs", "local"]).id)
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["voice_id"])


def say(client: Http, spoken_by: str, query: str = "", **changes: Any) -> Any:
    body = {"text": SENTENCE, "language_code": "en"}
    path = f"{BASE}/v1/text-to-speech/{spoken_by}{query}"
    return client.post(path, body | changes, format="json")


def calls_of_speech(emulator: ElevenLabsEmulator) -> int:
    return sum("text-to-speech" in one.path for one in emulator.asked)


def open_adapter() -> Any:
    row = Voice.objects.latest("created_at")
    return registry.get_provider("elevenlabs", row)


class TestAClone:
    @pytest.mark.parametrize("place", ["labels", "description", "header"])
    def test_takes_the_consent_from_where_it_stands(
        self, client: Http, emulator: ElevenLabsEmulator, make_consent: MakeConsent, place: str
    ) -> None:
        consent = make_consent(providers=["elevenlabs", "local"])
        ApiKey.objects.update(default_language="en")
        changes: dict[str, Any] = {}
        if place == "description":
            changes = {"labels": "null", "description": f"calm sayso:{consent.id}"}
        if place == "header":
            changes = {"labels": "null"}
        headers = {"Sayso-Consent": consent.id} if place == "header" else {}

        answer = clone(client, consent.id, headers=headers, **changes)

        assert answer.status_code == 200, answer.json()
        made = emulator.voices.popitem()[1]
        assert made["name"] == answer.json()["voice_id"]
        assert not any(b"Mara" in one.body for one in emulator.asked)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": None},
            {"name": "x" * 201},
            {"files": None},
            {"files": "mara.wav"},
            {"labels": "[1]"},
            {"labels": '{"language": 7}'},
            {"labels": "{"},
            {"description": "x" * 2_001},
            {"remove_background_noise": "perhaps"},
            {"voice_id": "other"},
            {"labels": "null"},
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self,
        client: Http,
        emulator: ElevenLabsEmulator,
        make_consent: MakeConsent,
        changes: dict[str, Any],
    ) -> None:
        answer = clone(client, make_consent(providers=["elevenlabs"]).id, **changes)

        assert (answer.status_code, isinstance(answer.json()["detail"], list)) == (422, True)
        assert emulator.asked == []

    def test_without_the_provider_in_the_consent_reaches_no_one(
        self, client: Http, emulator: ElevenLabsEmulator, make_consent: MakeConsent
    ) -> None:
        answer = clone(client, make_consent(providers=["local"]).id)

        reasons = [reason["code"] for reason in answer.json()["detail"]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["provider_not_covered"])
        assert emulator.asked == []

    def test_that_the_provider_wants_verified_is_deleted_there(
        self, client: Http, emulator: ElevenLabsEmulator, make_consent: MakeConsent
    ) -> None:
        emulator.wants_verification = True

        answer = clone(client, make_consent(providers=["elevenlabs"]).id)

        assert (answer.status_code, emulator.voices) == (422, {})

    def test_that_fails_there_is_answered_so_that_no_sdk_repeats_it(
        self, client: Http, emulator: ElevenLabsEmulator, make_consent: MakeConsent
    ) -> None:
        emulator.fail("/v1/voices/add", Fault(status=500))

        answer = clone(client, make_consent(providers=["elevenlabs"]).id)

        assert (answer.status_code, answer.json()["detail"]["status"]) == (
            424,
            "provider_unavailable",
        )

    def test_in_the_sandbox_names_what_it_leaves_out(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        labels = json.dumps({"language": "en", "use": "shop", "id": f"sayso:{consent.id}"})

        answer = clone(client, consent.id, labels=labels, remove_background_noise="true")

        assert answer.status_code == 200, answer.json()
        assert answer["Sayso-Ignored"] == "labels, remove_background_noise"


class TestSpeech:
    @pytest.mark.parametrize(
        ("query", "media_type"),
        [
            ("", "audio/mpeg"),
            ("?output_format=pcm_16000", "audio/pcm"),
            ("?output_format=wav_24000", "audio/wav"),
            ("?output_format=ulaw_8000", "audio/basic"),
            ("?output_format=opus_48000_64&enable_logging=false", "audio/ogg; codecs=opus"),
        ],
    )
    def test_comes_in_the_format_that_was_asked_for(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str, query: str, media_type: str
    ) -> None:
        answer = say(client, voice, query, seed=7, voice_settings={"stability": 0.4, "speed": 1.1})

        assert (answer.status_code, answer["Content-Type"]) == (200, media_type), answer.content
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "elevenlabs", True)
        sent = json.loads(emulator.asked[-1].body)
        assert sent["voice_settings"] == {"stability": 0.4, "speed": 1.1}
        assert (sent["seed"], sent["language_code"]) == (7, "en")

    def test_names_no_language_to_a_model_that_takes_none(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        answer = say(client, voice, model_id="eleven_multilingual_v2")

        assert answer.status_code == 200, answer.content
        assert "language_code" not in json.loads(emulator.asked[-1].body)

    @pytest.mark.parametrize(
        ("query", "changes"),
        [
            ("", {"text": 7}),
            ("", {"text": None}),
            ("", {"text": "x" * 5_001}),
            ("", {"text": "Good <voice name='x'>evening</voice> to you."}),
            ("", {"voice_id": "other"}),
            ("", {"model_id": "x" * 101}),
            ("", {"language_code": 7}),
            ("", {"voice_settings": {"stability": 2}}),
            ("", {"voice_settings": {"stability": "high"}}),
            ("", {"voice_settings": {"speed": 3}}),
            ("", {"voice_settings": {"clone_strength": 0.5}}),
            ("", {"voice_settings": {"pitch": 3}}),
            ("", {"seed": -1}),
            ("", {"seed": "x"}),
            ("", {"previous_text": "He said:"}),
            ("", {"next_text": "she answered."}),
            ("", {"previous_request_ids": ["a", "b", "c", "d"]}),
            ("", {"previous_request_ids": ["a"]}),
            ("", {"next_request_ids": ["a"]}),
            ("", {"pronunciation_dictionary_locators": [{"pronunciation_dictionary_id": "x"}]}),
            ("", {"use_pvc_as_ivc": True}),
            ("", {"apply_text_normalization": "maybe"}),
            ("", {"apply_language_text_normalization": 1}),
            ("", {"audio_effects": {"pan": 1}}),
            ("?output_format=alaw_8000", {}),
            ("?output_format=mp3_44100_7", {}),
            ("?output_format=pcm_7", {}),
            ("?output_format=loud", {}),
            ("?enable_logging=perhaps", {}),
            ("?optimize_streaming_latency=5", {}),
            ("?voice=other", {}),
            ("?output_format=pcm_16000&output_format=pcm_24000", {}),
            ("/with-timestamps", {}),
            ("/stream/with-timestamps", {}),
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self,
        client: Http,
        emulator: ElevenLabsEmulator,
        voice: str,
        query: str,
        changes: dict[str, Any],
    ) -> None:
        answer = say(client, voice, query, **changes)

        assert (answer.status_code, isinstance(answer.json()["detail"], list)) == (422, True)
        assert calls_of_speech(emulator) == 0

    def test_that_no_consent_covers_is_refused_with_every_reason(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        text = "港の明かりが次々に灯されました。"

        answer = say(client, voice, language_code="ja", text=text)

        reasons = [reason["code"] for reason in answer.json()["detail"]["reasons"]]
        assert (answer.status_code, reasons) == (403, ["language_not_covered"])
        assert calls_of_speech(emulator) == 0

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            (Fault(status=500), 503),
            (Fault(status=401), 503),
            (Fault(status=422), 422),
            (Fault(answer=b'{"detail": {}}'), 503),
            (Fault(answer=b"ID3" + bytes(9_000), media_type="audio/mpeg"), 503),
            (Fault(answer=b"ID3" + bytes(9_000), media_type="audio/pcm"), 503),
            (Fault(answer=b"RIFF" + bytes(9_000), media_type="audio/pcm"), 503),
            (Fault(answer=bytes(96_000), media_type="audio/pcm"), 422),
        ],
    )
    def test_is_not_delivered_when_the_provider_fails(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str, fault: Fault, status: int
    ) -> None:
        emulator.fail("/v1/text-to-speech", fault)

        answer = say(client, voice)

        assert answer.status_code == status, answer.content
        assert Clip.objects.get().state == "aborted"
        assert say(client, voice).status_code == 200

    def test_over_our_own_api_takes_the_provider_s_options(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        options = {"elevenlabs": {"similarity_boost": 0.9}}

        assert speak(client, voice, provider_options=options).status_code == 200
        sent = json.loads(emulator.asked[-1].body)
        assert sent["voice_settings"] == {"similarity_boost": 0.9}


class TestVoices:
    def test_are_listed_page_by_page(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()
        made = {clone(client, consent.id, name=name).json()["voice_id"] for name in "ABC"}

        found: list[str] = []
        token: str | None = ""
        for _ in range(5):
            query = f"?page_size=2&next_page_token={token}" if token else "?page_size=2"
            page = client.get(f"{BASE}/v2/voices{query}").json()
            found += [row["voice_id"] for row in page["voices"]]
            token = page["next_page_token"]
            if not page["has_more"]:
                break

        assert (len(found), set(found), page["total_count"]) == (3, made, 3)
        assert token is None
        old = client.get(f"{BASE}/v1/voices").json()["voices"]
        assert [row["voice_id"] for row in old] == found

    @pytest.mark.parametrize(
        "query", ["page_size=0", "page_size=x", "search=mara", "sort=name", "category=premade"]
    )
    def test_are_not_listed_by_filters_that_are_not_here(self, client: Http, query: str) -> None:
        assert client.get(f"{BASE}/v2/voices?{query}").status_code == 422

    def test_get_another_name_here_alone(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        before = len(emulator.asked)
        form = {"name": "Mara B", "labels": "null", "moderate_metadata": "true"}

        answer = client.post(f"{BASE}/v1/voices/{voice}/edit", form, format="multipart")

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer["Sayso-Ignored"] == "moderate_metadata"
        assert client.get(f"{BASE}/v1/voices/{voice}").json()["name"] == "Mara B"
        assert len(emulator.asked) == before

    def test_take_no_other_recordings(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        form = {"name": "Mara", "files": [SimpleUploadedFile("b.wav", READING)]}

        answer = client.post(f"{BASE}/v1/voices/{voice}/edit", form, format="multipart")

        assert answer.status_code == 422

    def test_are_found_and_deleted_at_the_provider(
        self, client: Http, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        provider = open_adapter()
        emulator.voices["el-other"] = {"voice_id": "el-other", "name": "Somebody"}
        emulator.page_size = 1
        listed = {row.remote_id: row.reference for row in provider.list_voices()}
        remote = next(one for one, reference in listed.items() if reference == voice)
        handle = ProviderVoice(remote_id=remote)

        assert listed == {remote: voice, "el-other": None}
        assert provider.get_progress(handle).state == TrainingState.READY
        provider.delete(handle)
        provider.delete(handle)
        assert provider.get_progress(handle).state == TrainingState.MISSING

    def test_are_not_taken_for_gone_by_any_refusal(
        self, emulator: ElevenLabsEmulator, voice: str
    ) -> None:
        emulator.fail("/v1/voices/", Fault(status=400, answer=b'{"detail": {"status": "busy"}}'))

        with pytest.raises(ProviderRefused):
            open_adapter().delete(ProviderVoice(remote_id="el000"))

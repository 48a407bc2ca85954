"""Fish Audio behind the gate: what reaches it, what it answers, and what goes wrong there."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ApiKey
from consent.models import SampleHash
from provenance.models import Clip
from tests.emulators import fish
from tests.emulators.emulator import Fault
from tests.emulators.fish import FishEmulator
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import AUDIO, AUDIOBOOK, Http, reading
from tests.voices.providers.conftest import READING, Connect, speak
from upstream.upstream_errors import ProviderRefused, ProviderUnavailable
from voices.models import Voice
from voices.providers import registry
from voices.providers.base import Clone, ProviderVoice, ReferenceRecording, TrainingState

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
BASE = "/proxy/fish"
SENTENCE = "The lamps along the harbour were lit one after another."
OTHER = (AUDIO / "librivox-austen-0920.wav").read_bytes()


@pytest.fixture(autouse=True)
def default_terms(client: Http) -> None:
    ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")


@pytest.fixture
def emulator(connect: Connect) -> FishEmulator:
    emulator = FishEmulator()
    connect("fish", emulator, fish.KEY)
    return emulator


def clone(client: Http, consent_id: str, **changes: Any) -> Any:
    form = {
        "title": "Mara",
        "train_mode": "fast",
        "type": "tts",
        "tags": f"sayso:{consent_id}",
        "voices": SimpleUploadedFile("upload", READING),
    }
    form = {name: value for name, value in (form | changes).items() if value is not None}
    return client.post(f"{BASE}/model", form, format="multipart")


@pytest.fixture
def voice(client: Http, emulator: FishEmulator, make_consent: MakeConsent) -> str:
    """The id of a voice that Fish Audio has made."""
    answer = clone(client, make_consent(providers=["fish", "local"]).id)
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["_id"])


def say(client: Http, headers: dict[str, str] | None = None, **body: Any) -> Any:
    """Speak by the proxy, in MessagePack."""
    data = msgpack.packb({"text": SENTENCE, **body})
    path = f"{BASE}/v1/tts"
    return client.generic("POST", path, data, "application/msgpack", headers=headers or {})


def calls_of_speech(emulator: FishEmulator) -> list[Any]:
    return [msgpack.unpackb(one.body) for one in emulator.asked if one.path == "/v1/tts"]


def open_adapter() -> Any:
    return registry.get_provider("fish", Voice.objects.latest("created_at"))


def order_of(voice_id: str, **changes: Any) -> Clone:
    recording = ReferenceRecording(data=READING, sound=reading(), transcript="The lamps.")
    facts = {"reference": voice_id, "consent_id": "con_x", "language": "en"}
    return Clone(recordings=(recording,), **(facts | changes))


class TestAClone:
    @pytest.mark.parametrize("asked", ["public", "unlist", "private", None])
    def test_is_private_and_shows_our_id_alone(
        self,
        client: Http,
        emulator: FishEmulator,
        make_consent: MakeConsent,
        asked: str | None,
    ) -> None:
        consent = make_consent(providers=["fish"])

        made = clone(client, consent.id, visibility=asked)

        kept = emulator.voices.popitem()[1]
        assert (made.status_code, made.json()["visibility"]) == (201, "private")
        assert (kept["title"], kept["visibility"]) == (made.json()["_id"], "private")
        told = made.headers.get("Sayso-Ignored")
        assert told == ("visibility" if asked in {"public", "unlist"} else None)
        assert not any(b"Mara" in one.body for one in emulator.asked)

    def test_that_the_provider_makes_public_is_deleted_there(
        self, client: Http, emulator: FishEmulator, make_consent: MakeConsent
    ) -> None:
        emulator.forces_public = True

        answer = clone(client, make_consent(providers=["fish"]).id)

        assert (answer.status_code, answer.json()["code"]) == (422, "provider_refused")
        assert (emulator.count("POST", "/model"), emulator.voices) == (1, {})

    @pytest.mark.parametrize(
        "changes",
        [
            {"title": None},
            {"title": "x" * 201},
            {"type": "svc"},
            {"train_mode": "full"},
            {"voices": None},
            {"voices": "mara.wav"},
            {"texts": ["one", "two"]},
            {"visibility": "world"},
            {"description": "x" * 2_001},
            {"tags": "calm"},
            {"enhance_audio_quality": "yes"},
            {"cover_image": SimpleUploadedFile("face.png", b"png")},
            {"language": "en"},
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self,
        client: Http,
        emulator: FishEmulator,
        make_consent: MakeConsent,
        changes: dict[str, Any],
    ) -> None:
        answer = clone(client, make_consent(providers=["fish"]).id, **changes)

        told = answer.json()
        assert (answer.status_code, told["status"], emulator.asked) == (422, 422, []), told

    def test_without_the_provider_in_the_consent_reaches_no_one(
        self, client: Http, emulator: FishEmulator, make_consent: MakeConsent
    ) -> None:
        answer = clone(client, make_consent(providers=["local"]).id)

        reasons = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["provider_not_covered"])
        assert emulator.asked == []

    def test_that_fails_there_is_answered_so_that_no_sdk_repeats_it(
        self, client: Http, emulator: FishEmulator, make_consent: MakeConsent
    ) -> None:
        emulator.fail("/model", Fault(status=503))

        answer = clone(client, make_consent(providers=["fish"]).id)

        assert (answer.status_code, answer.json()["code"]) == (424, "provider_unavailable")


class TestSpeech:
    def test_asks_the_provider_for_bare_pcm(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        options = {"fish": {"volume": 3, "model": "s1", "top_p": 0.5}}

        answer = speak(client, voice, provider_options=options, prosody={"speed": 1.2})

        assert answer.status_code == 200, answer.content
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "fish", True)
        (sent,) = calls_of_speech(emulator)
        assert (sent["format"], sent["top_p"]) == ("pcm", 0.5)
        assert sent["prosody"] == {"speed": 1.2, "volume": 3}
        assert emulator.asked[-1].headers["model"] == "s1"

    @pytest.mark.parametrize(
        "changes",
        [
            {"text": 7},
            {"text": None},
            {"text": "x" * 5_001},
            {"text": "Good <voice id='x'>evening</voice> to you."},
            {"text": "<|speaker:1|>Good evening to you."},
            {"reference_id": None},
            {"reference_id": 7},
            {"reference_id": ["vox_a", "vox_b"]},
            {"references": [{"audio": READING, "text": ""}]},
            {"format": "flac"},
            {"sample_rate": 7},
            {"sample_rate": "44100"},
            {"mp3_bitrate": 100},
            {"opus_bitrate": 33},
            {"prosody": {"speed": 9}},
            {"prosody": {"volume": 21}},
            {"prosody": {"pitch": 1}},
            {"prosody": "fast"},
            {"chunk_length": 99},
            {"normalize": "yes"},
            {"latency": "slow"},
            {"top_p": 2},
            {"temperature": float("nan")},
            {"max_new_tokens": -1},
            {"repetition_penalty": "high"},
            {"min_chunk_length": 1.5},
            {"condition_on_previous_chunks": 1},
            {"early_stop_threshold": 2},
            {"voice_embedding": [0.1]},
            {"headers": {"model": "x" * 41}},
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self, client: Http, emulator: FishEmulator, voice: str, changes: dict[str, Any]
    ) -> None:
        answer = say(client, **({"reference_id": voice} | changes))

        told = answer.json()
        assert (answer.status_code, told["status"]) == (422, 422), told
        assert calls_of_speech(emulator) == []

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"\xc1", 400),
            (b"", 422),
            (msgpack.packb(["text"]), 400),
            (msgpack.packb({1: "text"}), 400),
            (b"\x82\xa4text\xa1a\xa4text\xa1b", 400),
            (msgpack.packb({"text": msgpack.ExtType(5, b"x")}), 400),
            (msgpack.packb({"text": [0] * 1_001}), 400),
            (b"\x91" * 5_000, 400),
            (b"\xa2\xff\xff", 400),
        ],
    )
    def test_in_a_broken_body_is_refused(
        self, client: Http, emulator: FishEmulator, voice: str, body: bytes, status: int
    ) -> None:
        answer = client.generic("POST", f"{BASE}/v1/tts", body, "application/msgpack")

        assert (answer.status_code, answer.json()["status"]) == (status, status), answer.content
        assert calls_of_speech(emulator) == []

    def test_that_is_no_pcm_is_not_delivered(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        emulator.fail("/v1/tts", Fault(answer=b"ID3" + bytes(9_000), media_type="audio/pcm"))

        assert speak(client, voice).status_code == 503
        assert Clip.objects.get().state == "aborted"
        assert speak(client, voice).status_code == 200


class TestRecordingsInACall:
    def test_must_be_bound_to_the_consent(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        consent_id = Voice.objects.get(id=voice).consent_id
        recordings = [{"audio": READING, "text": ""}, {"audio": OTHER, "text": ""}]

        answer = say(client, {"Sayso-Consent": consent_id}, references=recordings)

        reasons = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["sample_not_covered"])
        assert (calls_of_speech(emulator), SampleHash.objects.count()) == ([], 1)
        assert Voice.objects.count() == 1

    def test_need_a_consent_by_its_header(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        answer = say(client, references=[{"audio": READING, "text": ""}])

        assert (answer.status_code, "Sayso-Consent" in answer.json()["message"]) == (422, True)
        assert calls_of_speech(emulator) == []

    def test_are_no_way_for_a_key_that_makes_no_voice(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        ApiKey.objects.update(scopes=["speech:write"])
        consent_id = Voice.objects.get(id=voice).consent_id

        recordings = [{"audio": READING, "text": ""}]
        answer = say(client, {"Sayso-Consent": consent_id}, references=recordings)

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert calls_of_speech(emulator) == []

    def test_go_with_each_call_and_make_no_model(
        self, client: Http, emulator: FishEmulator, voice: str
    ) -> None:
        consent_id = Voice.objects.get(id=voice).consent_id
        recordings = [{"audio": READING, "text": "The lamps."}]

        for _ in range(2):
            say(client, {"Sayso-Consent": consent_id}, references=recordings)

        kept = Voice.objects.exclude(id=voice).get()
        assert (kept.state, kept.sealed_handle) == ("ready", None)
        answer = speak(client, kept.id)
        assert (answer.status_code, emulator.count("POST", "/model")) == (200, 1)
        assert calls_of_speech(emulator)[-1]["references"] == recordings
        assert client.delete(f"{BASE}/model/{kept.id}").status_code == 200
        assert emulator.count("DELETE", "/model") == 0


class TestVoices:
    def test_come_in_pages(self, client: Http, make_consent: MakeConsent) -> None:
        consent = make_consent()
        made = {clone(client, consent.id, title=title).json()["_id"] for title in "ABC"}

        pages = [
            client.get(f"{BASE}/model?page_size=2&page_number={number}&self=false&language=en")
            for number in (1, 2, 3)
        ]

        found = [row["_id"] for page in pages for row in page.json()["items"]]
        assert (len(found), set(found), {page.json()["total"] for page in pages}) == (3, made, {3})
        assert client.get(f"{BASE}/model?language=fr").json() == {"total": 0, "items": []}

    @pytest.mark.parametrize(
        "query",
        ["page_size=0", "page_size=x", "page_number=0", "title=Mara", "tag=a", "self=1", "q=1"],
    )
    def test_are_not_listed_by_filters_that_are_not_here(self, client: Http, query: str) -> None:
        assert client.get(f"{BASE}/model?{query}").status_code == 422

    @pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
    def test_get_another_name_here_alone_and_stay_private(
        self, client: Http, emulator: FishEmulator, voice: str, kind: str
    ) -> None:
        before = len(emulator.asked)

        answer = change(client, voice, kind, title="Mara B")

        assert (answer.status_code, answer.json()["title"]) == (200, "Mara B")
        for wrong in ({"visibility": "public"}, {"visibility": "unlist"}, {"state": "failed"}):
            refused = change(client, voice, kind, **wrong)
            assert (refused.status_code, refused.json()["status"]) == (422, 422)
        assert len(emulator.asked) == before

    def test_are_found_trained_and_deleted_at_the_provider(
        self, emulator: FishEmulator, voice: str
    ) -> None:
        adapter = open_adapter()
        for number in range(101):
            emulator.voices[f"x{number}"] = {"_id": f"x{number}", "title": "Other"}

        rows = {row.remote_id: row.reference for row in adapter.list_voices()}

        remote_id = next(name for name, ours in rows.items() if ours == voice)
        handle = ProviderVoice(remote_id=remote_id)
        assert (len(rows), sum(ours is not None for ours in rows.values())) == (102, 1)
        for state, told in (
            ("created", TrainingState.TRAINING),
            ("training", TrainingState.TRAINING),
            ("trained", TrainingState.READY),
            ("failed", TrainingState.FAILED),
        ):
            emulator.voices[remote_id]["state"] = state
            assert adapter.get_progress(handle).state is told
        emulator.voices[remote_id]["state"] = "melted"
        with pytest.raises(ProviderUnavailable):
            adapter.get_progress(handle)
        adapter.delete(handle)
        adapter.delete(handle)
        assert adapter.get_progress(handle).state is TrainingState.MISSING

    @pytest.mark.parametrize("state", ["created", "training", "trained", "failed"])
    def test_are_ready_when_the_provider_says_so(
        self, emulator: FishEmulator, voice: str, state: str
    ) -> None:
        emulator.state = state

        if state == "failed":
            with pytest.raises(ProviderRefused):
                open_adapter().clone(order_of("vox_other"))
            assert len(emulator.voices) == 1
            return

        assert open_adapter().clone(order_of("vox_other")).is_ready is (state == "trained")


def change(client: Http, voice_id: str, kind: str, **fields: str) -> Any:
    path = f"{BASE}/model/{voice_id}"
    if kind == "multipart":
        return client.patch(path, fields, format="multipart")

    data = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in fields.items())
    return client.generic("PATCH", path, data.encode(), "application/x-www-form-urlencoded")

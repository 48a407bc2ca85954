"""Cartesia behind the gate: what reaches it, what it answers, and what goes wrong there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ApiKey
from provenance.models import Clip
from proxies.cartesia.cartesia_events import CartesiaEvents
from tests.emulators import cartesia
from tests.emulators.cartesia import CartesiaEmulator
from tests.emulators.emulator import Fault
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import AUDIOBOOK, Http, reading
from tests.voices.providers.conftest import READING, Connect, speak
from voices.models import Voice
from voices.providers import registry
from voices.providers.base import (
    Clone,
    ProviderVoice,
    ReferenceRecording,
    TrainingState,
    UnsupportedField,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
BASE = "/proxy/cartesia"
SENTENCE = "The lamps along the harbour were lit one after another."
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}


@pytest.fixture(autouse=True)
def default_use_case(client: Http) -> None:
    ApiKey.objects.update(default_use_case=AUDIOBOOK)


@pytest.fixture
def emulator(connect: Connect) -> CartesiaEmulator:
    emulator = CartesiaEmulator()
    connect("cartesia", emulator, cartesia.KEY)
    return emulator


def clone(
    client: Http, consent_id: str, *, headers: dict[str, str] | None = None, **changes: Any
) -> Any:
    form = {
        "name": "Mara",
        "language": "en",
        "description": f"calm sayso:{consent_id}",
        "clip": SimpleUploadedFile("mara.wav", READING),
    }
    form = {name: value for name, value in (form | changes).items() if value is not None}
    return client.post(f"{BASE}/voices/clone", form, format="multipart", headers=headers)


@pytest.fixture
def voice(client: Http, emulator: CartesiaEmulator, make_consent: MakeConsent) -> str:
    """The id of a voice that Cartesia has made."""
    answer = clone(client, make_consent(providers=["cartesia", "local"]).id)
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["id"])


def say(client: Http, spoken_by: str, route: str = "bytes", **changes: Any) -> Any:
    body = {
        "model_id": "sonic-3",
        "transcript": SENTENCE,
        "voice": {"mode": "id", "id": spoken_by},
        "output_format": RAW,
        "language": "en",
    }
    return client.post(f"{BASE}/tts/{route}", body | changes, format="json")


def calls_of_speech(emulator: CartesiaEmulator) -> int:
    return sum(one.path.startswith("/tts/") for one in emulator.asked)


def open_adapter() -> Any:
    return registry.get_provider("cartesia", Voice.objects.latest("created_at"))


class TestAClone:
    def test_shows_our_id_and_no_name_to_the_provider(
        self, client: Http, emulator: CartesiaEmulator, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(providers=["cartesia"])

        made = clone(client, consent.id, headers={"cartesia-version": "2026-03-01"}).json()

        assert (made["name"], made["description"], made["access"]) == ("Mara", "calm", "private")
        assert emulator.voices.popitem()[1]["name"] == made["id"]
        assert emulator.asked[-1].headers["cartesia-version"] == "2026-03-01"
        assert not any(b"Mara" in one.body for one in emulator.asked)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": None},
            {"name": "x" * 201},
            {"language": None},
            {"language": "x" * 65},
            {"clip": None},
            {"clip": "mara.wav"},
            {"clip": [SimpleUploadedFile("a.wav", READING), SimpleUploadedFile("b.wav", READING)]},
            {"description": "x" * 2_001},
            {"description": "calm"},
            {"accent": "parisian"},
            {"base_voice_id": "other"},
            {"mode": "similarity"},
            {"headers": {"cartesia-version": "latest"}},
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self,
        client: Http,
        emulator: CartesiaEmulator,
        make_consent: MakeConsent,
        changes: dict[str, Any],
    ) -> None:
        answer = clone(client, make_consent(providers=["cartesia"]).id, **changes)

        assert (answer.status_code, "error_code" in answer.json()) == (422, True), answer.json()
        assert emulator.asked == []

    def test_without_the_provider_in_the_consent_reaches_no_one(
        self, client: Http, emulator: CartesiaEmulator, make_consent: MakeConsent
    ) -> None:
        answer = clone(client, make_consent(providers=["local"]).id)

        reasons = [reason["code"] for reason in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["provider_not_covered"])
        assert emulator.asked == []

    def test_that_fails_there_is_answered_so_that_no_sdk_repeats_it(
        self, client: Http, emulator: CartesiaEmulator, make_consent: MakeConsent
    ) -> None:
        emulator.fail("/voices/clone", Fault(status=503))

        answer = clone(client, make_consent(providers=["cartesia"]).id)

        assert (answer.status_code, answer.json()["error_code"]) == (424, "provider_unavailable")

    def test_of_two_recordings_is_refused_before_the_provider(
        self, emulator: CartesiaEmulator, voice: str
    ) -> None:
        recording = ReferenceRecording(data=READING, sound=reading())
        order = Clone(
            reference=voice, consent_id="con_x", language="en", recordings=(recording, recording)
        )

        with pytest.raises(UnsupportedField, match="one recording"):
            open_adapter().clone(order)
        assert emulator.count("POST", "/voices/clone") == 1


class TestSpeech:
    def test_asks_the_provider_for_bare_pcm(
        self, client: Http, emulator: CartesiaEmulator, voice: str
    ) -> None:
        options = {"cartesia": {"emotion": "calm", "volume": 1.2, "cartesia_version": "2026-03-01"}}

        answer = speak(client, voice, provider_options=options, prosody={"speed": 1.2})

        assert answer.status_code == 200, answer.content
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "cartesia", True)
        sent = json.loads(emulator.asked[-1].body)
        assert sent["generation_config"] == {"emotion": "calm", "volume": 1.2, "speed": 1.2}
        assert sent["output_format"]["container"] == "raw"
        assert emulator.asked[-1].headers["cartesia-version"] == "2026-03-01"

    @pytest.mark.parametrize("route", ["bytes", "sse"])
    @pytest.mark.parametrize(
        "changes",
        [
            {"transcript": 7},
            {"transcript": None},
            {"transcript": "x" * 5_001},
            {"transcript": "Good <voice id='x'>evening</voice> to you."},
            {"model_id": None},
            {"model_id": "x" * 101},
            {"voice": None},
            {"voice": {"mode": "embedding", "embedding": [0.1]}},
            {"voice": {"id": "vox_x", "embedding": [0.1]}},
            {"voice": {"mode": "mix", "id": "vox_x"}},
            {"voice": {"id": "vox_x", "__experimental_controls": {}}},
            {"voice": ["vox_a", "vox_b"]},
            {"voice_embedding": [0.1]},
            {"output_format": None},
            {"output_format": {"container": "ogg", "sample_rate": 24_000}},
            {"output_format": RAW | {"encoding": "pcm_f32le"}},
            {"output_format": RAW | {"sample_rate": 7}},
            {"output_format": RAW | {"bit_rate": 64_000}},
            {"output_format": {"container": "raw", "sample_rate": 24_000}},
            {"generation_config": {"speed": 9}},
            {"generation_config": {"volume": "loud"}},
            {"generation_config": {"volume": 3}},
            {"generation_config": {"emotion": 7}},
            {"generation_config": {"pitch": 1}},
            {"language": 7},
            {"locale": "en-GB"},
            {"normalization": 7},
            {"pronunciation_dict_id": "x"},
            {"save": True},
            {"speed": "fast"},
            {"speed": "faster"},
        ],
    )
    def test_with_a_wrong_field_reaches_no_one(
        self,
        client: Http,
        emulator: CartesiaEmulator,
        voice: str,
        route: str,
        changes: dict[str, Any],
    ) -> None:
        answer = say(client, voice, route, **changes)

        assert (answer.status_code, "error_code" in answer.json()) == (422, True), answer.json()
        assert calls_of_speech(emulator) == 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"add_timestamps": True},
            {"add_phoneme_timestamps": True},
            {"use_normalized_timestamps": True},
            {"context_id": 7},
            {"output_format": RAW | {"container": "wav"}},
        ],
    )
    def test_as_events_with_a_wrong_field_reaches_no_one(
        self, client: Http, emulator: CartesiaEmulator, voice: str, changes: dict[str, Any]
    ) -> None:
        answer = say(client, voice, "sse", **changes)

        assert (answer.status_code, "error_code" in answer.json()) == (422, True), answer.json()
        assert calls_of_speech(emulator) == 0

    @pytest.mark.parametrize("answer_of", [b"RIFF" + bytes(9_000), b"ID3" + bytes(9_000), b""])
    def test_that_is_no_pcm_is_not_delivered(
        self, client: Http, emulator: CartesiaEmulator, voice: str, answer_of: bytes
    ) -> None:
        emulator.fail("/tts", Fault(answer=answer_of or b" ", media_type="audio/pcm"))

        assert speak(client, voice).status_code in {422, 503}
        assert Clip.objects.get().state == "aborted"
        assert speak(client, voice).status_code == 200


class TestEvents:
    def test_say_how_long_each_piece_took_and_end(self) -> None:
        ticks = iter([1.0, 1.25, 1.5])
        framing = CartesiaEvents("c1", tick=lambda: next(ticks))

        events = (framing.wrap(b"ab") + framing.wrap(b"cd") + framing.close()).decode()

        told = [json.loads(one.partition("data: ")[2]) for one in events.split("\n\n") if one]
        assert [one["type"] for one in told] == ["chunk", "chunk", "done"]
        assert [one.get("step_time") for one in told] == [250.0, 250.0, None]
        assert (told[0]["data"], {one["context_id"] for one in told}) == ("YWI=", {"c1"})


class TestVoices:
    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_come_in_pages_that_never_repeat_and_end_empty(
        self, client: Http, make_consent: MakeConsent, limit: int
    ) -> None:
        consent = make_consent()
        made = {clone(client, consent.id, name=name).json()["id"] for name in "ABC"}

        pages: list[list[str]] = []
        query = f"limit={limit}&is_owner=true&expand=preview_file_url"
        while not pages or pages[-1]:
            after = f"&starting_after={pages[-1][-1]}" if pages else ""
            page = client.get(f"{BASE}/voices?{query}{after}").json()
            pages.append([row["id"] for row in page["data"]])
            assert len(pages) < 9

        found = [one for page in pages for one in page]
        assert (len(found), set(found), pages[-1]) == (3, made, [])
        back = client.get(f"{BASE}/voices?limit=2&ending_before={found[2]}").json()
        assert [row["id"] for row in back["data"]] == found[:2]

    def test_of_a_cursor_that_is_no_voice_are_none(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        clone(client, make_consent().id)

        page = client.get(f"{BASE}/voices?starting_after=vox_unknown").json()

        assert page == {"data": [], "has_more": False, "next_page": None}

    def test_keep_the_place_of_one_that_was_deleted(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        consent = make_consent()
        for name in "AB":
            clone(client, consent.id, name=name)
        first = client.get(f"{BASE}/voices?limit=1").json()["data"][0]["id"]
        gone = client.delete(f"{BASE}/voices/{first}")

        page = client.get(f"{BASE}/voices?starting_after={first}").json()

        assert (gone.status_code, gone.content, len(page["data"])) == (204, b"", 1)

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "q=mara", "gender=feminine"])
    def test_are_not_listed_by_filters_that_are_not_here(self, client: Http, query: str) -> None:
        assert client.get(f"{BASE}/voices?{query}").status_code == 422

    def test_get_another_name_here_alone(
        self, client: Http, emulator: CartesiaEmulator, voice: str
    ) -> None:
        before = len(emulator.asked)

        answer = client.patch(f"{BASE}/voices/{voice}", {"name": "Mara B"}, format="json")

        assert (answer.status_code, answer.json()["name"]) == (200, "Mara B")
        assert client.get(f"{BASE}/voices/{voice}").json()["name"] == "Mara B"
        wrong = client.patch(f"{BASE}/voices/{voice}", {"access": "public"}, format="json")
        assert (wrong.status_code, len(emulator.asked)) == (422, before)

    def test_are_found_and_deleted_at_the_provider(
        self, emulator: CartesiaEmulator, voice: str
    ) -> None:
        provider = open_adapter()
        emulator.voices["ca-other"] = {"id": "ca-other", "name": "Somebody"}
        emulator.page_size = 1
        listed = {row.remote_id: row.reference for row in provider.list_voices()}
        remote = next(one for one, reference in listed.items() if reference == voice)
        handle = ProviderVoice(remote_id=remote)

        assert listed == {remote: voice, "ca-other": None}
        assert provider.get_progress(handle).state == TrainingState.READY
        provider.delete(handle)
        provider.delete(handle)
        assert provider.get_progress(handle).state == TrainingState.MISSING

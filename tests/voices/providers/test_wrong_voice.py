"""A provider that answers with another voice: nothing of it is delivered, and no one hears it."""

from __future__ import annotations

import logging

import pytest

from accounts.models import ApiKey
from audio.sound import Sound
from consent.models import GrantUsage, Reservation
from provenance.models import Clip
from tests.emulators.inworld import InworldEmulator
from tests.voices.conftest import (
    AUDIOBOOK,
    STRANGER,
    Http,
    noon,
    reading,
    recording,
)
from tests.voices.providers.conftest import speak
from transparency_log import proofs
from voices import canary_results, speaker_embeddings, speaker_limits, voice_deletion
from voices.models import JobItem, Voice
from voices.providers.base import AudioChunk
from voices.sample_checks import answer_speaker
from voices.sample_checks.answer_speaker import SpeakerBand
from voices.speech import job_queue, speaker_check
from voices.speech.speaker_check import SpeakerCheck, StreamWatch, WrongVoice

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SPEAK = "/tts/v1/voice"


@pytest.fixture
def voice_row(remote_voice: str) -> Voice:
    return Voice.objects.get(id=remote_voice)


def kinds(clip: Clip) -> list[str]:
    return [event.kind for event in proofs.list_history(clip.organisation_id, clip.decision_id)]


def cut(sound: Sound, seconds: float) -> Sound:
    return Sound(sound.samples[: round(seconds * sound.rate)], sound.rate)


class TestAnAnswerInAnotherVoice:
    def test_is_held_and_refused(
        self,
        client: Http,
        provider: InworldEmulator,
        remote_voice: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        provider.stranger = STRANGER

        with caplog.at_level(logging.ERROR, logger=speaker_check.__name__):
            answer = speak(client, remote_voice)

        clip = Clip.objects.get()
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_voice")
        assert (clip.state, clip.code, clip.blob_id, clip.size) == ("held", "wrong_voice", "", 0)
        assert kinds(clip) == ["decision.allowed", "clip.held"]
        assert not Reservation.objects.filter(state="held").exists()
        assert [record.message for record in caplog.records] == [
            "provider spoke with another voice"
        ]
        assert provider.count("POST", SPEAK) == 1

    def test_is_served_by_no_route(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        provider.stranger = STRANGER
        speak(client, remote_voice)

        held = Clip.objects.get().id
        paths = ("", "/audio", "/manifest", "/proof", "/receipt")
        answers = [client.get(f"/v1/clips/{held}{path}").status_code for path in paths]
        assert answers == [404] * len(paths)
        assert client.get("/v1/clips").json()["data"] == []

    def test_costs_no_quota(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        provider.stranger = STRANGER

        speak(client, remote_voice)

        used = [row.used_characters + row.held_characters for row in GrantUsage.objects.all()]
        assert sum(used) == 0

    def test_behind_a_proxy_is_refused_in_the_providers_shape(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        ApiKey.objects.update(default_use_case=AUDIOBOOK)
        provider.stranger = STRANGER
        body = {
            "voiceId": remote_voice,
            "text": "The lamps along the harbour were lit one after another.",
            "modelId": "inworld-tts-2",
            "language": "en",
        }

        answer = client.post("/proxy/inworld/tts/v1/voice", body, format="json")

        told = answer.json()
        assert (answer.status_code, told["details"][0]["code"]) == (422, "wrong_voice")
        assert Clip.objects.get().state == "held"

    @pytest.mark.parametrize("texts", [1, 2], ids=["job", "batch"])
    def test_fails_the_item_of_a_job_for_good(
        self, client: Http, provider: InworldEmulator, remote_voice: str, texts: int
    ) -> None:
        provider.stranger = STRANGER
        line = "The lamps along the harbour were lit one after another."
        words = {"voice": remote_voice, "language": "en", "use_case": AUDIOBOOK}
        if texts == 1:
            asked = speak(client, remote_voice, delivery={"mode": "job"})
        else:
            items = [{"text": line}, {"text": f"{line} Again."}]
            body = {"items": items, **words}
            asked = client.post("/v1/speech/batch", body, format="json")
        assert asked.status_code == 202, asked.json()

        job_queue.run_job_items(asked.json()["id"], wall_clock=noon)

        items_of_job = JobItem.objects.all()
        assert {(item.state, item.code) for item in items_of_job} == {("failed", "wrong_voice")}
        assert [clip.state for clip in Clip.objects.all()] == ["held"] * texts
        assert provider.count("POST", SPEAK) == texts


class TestTheVoiceItself:
    def test_passes(self, client: Http, provider: InworldEmulator, remote_voice: str) -> None:
        assert speak(client, remote_voice).status_code == 200

    def test_has_its_numbers_sealed_and_gone_with_it(self, voice_row: Voice) -> None:
        sealed = bytes(voice_row.sealed_embedding or b"")
        kept = speaker_embeddings.load_embedding(voice_row)
        assert kept is not None
        assert kept.wide.astype("<f2").tobytes()[:40] not in sealed
        assert b"wide" not in sealed

        voice_deletion.begin_deletion(voice_row.id, code="asked")

        voice_row.refresh_from_db()
        assert voice_row.sealed_embedding is None

    def test_is_measured_again_where_no_numbers_are_kept(self, voice_row: Voice) -> None:
        kept = speaker_embeddings.load_embedding(voice_row)
        Voice.objects.update(sealed_embedding=None)
        voice_row.refresh_from_db()

        measured = speaker_embeddings.load_embedding(voice_row)

        assert kept is not None
        assert measured is not None
        assert float(kept.wide @ measured.wide) > 0.95
        voice_row.refresh_from_db()
        assert voice_row.sealed_embedding is not None

    def test_without_samples_is_not_judged(self, voice_row: Voice) -> None:
        Voice.objects.update(sealed_embedding=None)
        voice_row.samples.all().delete()
        voice_row.refresh_from_db()

        check = speaker_check.load_speaker_check(voice_row, "en")

        assert check.voice is None
        check.check_sound(recording(STRANGER))


class TestTheBand:
    @pytest.fixture(autouse=True)
    def no_canary(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The account's canary has measured a narrower one, unless a test wants that."""
        monkeypatch.setattr(canary_results, "get_speaker_threshold", lambda *_: None)

    @pytest.fixture
    def check(self, voice_row: Voice) -> SpeakerCheck:
        return speaker_check.load_speaker_check(voice_row, "en")

    def test_says_nothing_of_little_speech(self, check: SpeakerCheck) -> None:
        assert check.voice is not None
        short = cut(recording(STRANGER), 1.4)

        band = answer_speaker.judge_speaker(short, check.voice, check.limits)

        assert band is SpeakerBand.UNJUDGED
        check.check_sound(short)

    def test_doubts_and_delivers_a_voice_that_is_near(
        self, check: SpeakerCheck, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert check.voice is not None
        near = recording("pocketsphinx-cards.flac")

        band = answer_speaker.judge_speaker(near, check.voice, check.limits)

        assert band is SpeakerBand.DOUBT
        with caplog.at_level(logging.INFO, logger=speaker_check.__name__):
            check.check_sound(near)
        assert [record.message for record in caplog.records] == ["provider's voice is in doubt"]

    def test_is_the_same_in_another_band_of_frequencies(self, check: SpeakerCheck) -> None:
        assert check.voice is not None
        heard = [
            answer_speaker.judge_speaker(sound.resample(8_000), check.voice, check.limits)
            for sound in (reading("0890"), recording(STRANGER))
        ]

        assert heard == [SpeakerBand.SAME, SpeakerBand.DIFFERENT]

    def test_is_the_accounts_own_where_a_canary_measured_one(
        self, voice_row: Voice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, str]] = []

        def measured(account_id: str, language: str) -> float | None:
            asked.append((account_id, language))
            return 0.71 if language == "de" else 0.99

        monkeypatch.setattr(canary_results, "get_speaker_threshold", measured)
        limits = [speaker_limits.find_speaker_limits(voice_row, tag) for tag in ("de", "fr")]

        assert [one.different for one in limits] == [0.71, speaker_limits.HIGHEST]
        assert all(one.same >= one.different for one in limits)
        assert {language for _, language in asked} == {"de", "fr"}

    def test_is_wider_in_another_language(self, voice_row: Voice) -> None:
        own, other = (speaker_limits.find_speaker_limits(voice_row, tag) for tag in ("en-GB", "de"))

        assert own.different > other.different


class TestAStream:
    @pytest.fixture
    def watch(self, voice_row: Voice) -> StreamWatch:
        return StreamWatch(speaker_check.load_speaker_check(voice_row, "en"))

    def pieces(self, sound: Sound) -> list[AudioChunk]:
        """A sound in pieces of a second."""
        parts = range(0, len(sound.samples), sound.rate)
        sounds = [Sound(sound.samples[at : at + sound.rate], sound.rate) for at in parts]
        return [AudioChunk(sound=one, characters=1) for one in sounds]

    def test_ends_after_three_seconds_of_another_voice(self, watch: StreamWatch) -> None:
        first, second, third, *_ = self.pieces(recording(STRANGER))
        watch.take_piece(first)
        watch.take_piece(second)

        with pytest.raises(WrongVoice):
            watch.take_piece(third)

    def test_lets_the_voice_pass(self, watch: StreamWatch) -> None:
        for piece in (*self.pieces(reading()), None):
            watch.take_piece(piece)

    def test_is_judged_once(self, watch: StreamWatch) -> None:
        for piece in self.pieces(cut(reading(), 3.0)):
            watch.take_piece(piece)

        for late in (*self.pieces(recording(STRANGER)), None):
            watch.take_piece(late)

    def test_that_is_shorter_is_judged_at_its_end(self, watch: StreamWatch) -> None:
        for piece in self.pieces(cut(recording(STRANGER), 2.8)):
            watch.take_piece(piece)

        with pytest.raises(WrongVoice):
            watch.take_piece(None)

    def test_without_a_sound_says_nothing(self, watch: StreamWatch) -> None:
        watch.take_piece(None)

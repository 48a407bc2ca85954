"""TensorOne behind the gate: training with its progress, speech at an address, deletion, expiry."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import soundfile
from pytest_django import Settings

from provenance.models import Clip
from tests.conftest import NOON
from tests.emulators.emulator import Fault, wrap_wav
from tests.emulators.tensorone import TensorOneEmulator
from tests.fixtures.consents import MakeConsent
from tests.voices.conftest import Http, revoke
from tests.voices.providers.conftest import READING, speak
from tests.voices.providers.tensorone_world import (
    VOICES,
    connect_tensorone,
    make_trained_voice,
    work_times,
)
from tests.voices.test_background_cloning import ask
from upstream.upstream_errors import ProviderUnavailable
from voices import reconcile, tasks, voice_expiry
from voices.models import Voice

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SILENCE = wrap_wav(b"\0\0" * 200_000, 44_100)


@pytest.fixture
def emulator(client: Http, settings: Settings) -> Iterator[TensorOneEmulator]:
    """An emulated TensorOne that Acme is connected to."""
    settings.SAYSO_DEVELOPMENT = True
    found = TensorOneEmulator()
    found.made_at = NOON
    with found.running():
        connect_tensorone(client, found)
        yield found


@pytest.fixture
def consent_id(make_consent: MakeConsent) -> str:
    return str(make_consent(providers=["tensorone", "local"]).id)


@pytest.fixture
def voice(client: Http, emulator: TensorOneEmulator, consent_id: str) -> str:
    """Our id of a voice that TensorOne has trained."""
    return make_trained_voice(client, consent_id)


def queue(client: Http, consent_id: str) -> str:
    """Ask for a voice, and return its id before a worker comes by."""
    return str(ask(client, consent_id, provider="tensorone").json()["id"])


class TestAClone:
    def test_is_trained_from_what_was_agreed_to_under_our_id_alone(
        self, emulator: TensorOneEmulator, voice: str
    ) -> None:
        (made,) = emulator.voices.values()
        assert (made["voiceName"], made["status"]) == (voice, "completed")
        body = json.loads(emulator.asked[0].body)
        (sample,) = body["audioSamples"]
        assert (body["language"], body["voiceType"]) == ("en", "instant")
        assert sample["transcript"] == "Evening."
        sent = soundfile.info(io.BytesIO(base64.b64decode(sample["audioBase64"])))
        came = soundfile.info(io.BytesIO(READING))
        assert (sent.format, sent.samplerate) == ("FLAC", came.samplerate)
        assert not any(b"Mara" in one.body for one in emulator.asked)

    def test_says_how_far_it_is_and_when_the_provider_deletes_it(
        self, client: Http, emulator: TensorOneEmulator, consent_id: str
    ) -> None:
        emulator.polls = 9
        voice_id = queue(client, consent_id)

        work_times(voice_id, 2)

        row = Voice.objects.get(id=voice_id)
        assert (row.state, row.report["training_percent"]) == ("training", 15.0)
        shown = client.get(f"/v1/voices/{voice_id}").json()
        assert shown["provider_expires_at"] == "2027-02-19T12:00:00Z"

    def test_expires_with_the_providers_copy(self, client: Http, voice: str) -> None:
        voice_expiry.expire_voices(at=NOON + timedelta(days=89, hours=23))
        assert Voice.objects.get(id=voice).state == "ready"

        voice_expiry.expire_voices(at=NOON + timedelta(days=90))

        row = Voice.objects.get(id=voice)
        assert (row.state, row.code) == ("expired", "provider_expired")
        assert speak(client, voice).status_code in {403, 409}

    @pytest.mark.parametrize(
        ("fault", "state"),
        [
            (Fault(answer=b"{}"), "training"),
            (Fault(answer=b"not JSON"), "training"),
            (Fault(status=500), "training"),
            (Fault(status=400), "failed"),
        ],
    )
    def test_that_the_provider_does_not_take_makes_no_voice(
        self,
        client: Http,
        emulator: TensorOneEmulator,
        consent_id: str,
        fault: Fault,
        state: str,
    ) -> None:
        emulator.fail(VOICES, fault)
        voice_id = queue(client, consent_id)

        with suppress(ProviderUnavailable):
            work_times(voice_id, 1)

        assert (Voice.objects.get(id=voice_id).state, emulator.voices) == (state, {})

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "failed"},
            {"status": "melted"},
            {"createdAt": None},
            {"createdAt": "yesterday"},
            {"trainingProgress": {"percentComplete": 101}},
            {"trainingProgress": {"percentComplete": "15"}},
            {"trainingProgress": []},
        ],
    )
    def test_that_is_not_as_documented_is_deleted_there(
        self,
        client: Http,
        emulator: TensorOneEmulator,
        consent_id: str,
        changes: dict[str, Any],
    ) -> None:
        told = {"voiceId": "v1", "status": "processing", "createdAt": "2026-11-21T12:00:00Z"}
        emulator.fail(VOICES, Fault(answer=json.dumps(told | changes).encode()))
        voice_id = queue(client, consent_id)

        with suppress(ProviderUnavailable):
            work_times(voice_id, 1)

        assert Voice.objects.get(id=voice_id).state != "ready"
        assert emulator.count("DELETE", f"{VOICES}/v1") == 1

    def test_whose_training_fails_says_so_and_leaves_nothing(
        self, client: Http, emulator: TensorOneEmulator, consent_id: str
    ) -> None:
        emulator.trained = "failed"
        voice_id = queue(client, consent_id)

        work_times(voice_id, 3)

        row = Voice.objects.get(id=voice_id)
        assert (row.state, row.code) == ("failed", "training_failed")
        (going,) = reconcile.sweep_pending_work(at=NOON + timedelta(hours=1)).voices
        tasks.remove_voice(voice_id=going, actor="system:test")
        assert emulator.voices == {}

    def test_that_is_not_covered_reaches_no_one(
        self, client: Http, emulator: TensorOneEmulator, make_consent: MakeConsent
    ) -> None:
        answer = ask(client, make_consent(providers=["local"]).id, provider="tensorone")

        reasons = [one["code"] for one in answer.json()["reasons"]]
        assert (answer.status_code, reasons) == (403, ["provider_not_covered"])
        assert emulator.asked == []


class TestSpeech:
    def test_is_fetched_here_marked_and_not_handed_on(
        self, client: Http, emulator: TensorOneEmulator, voice: str
    ) -> None:
        answer = speak(
            client,
            voice,
            prosody={"speed": 1.5, "pitch_semitones": -3, "emotion": "calm"},
            output={"codec": "wav"},
        )

        assert answer.status_code == 200, answer.content
        assert soundfile.info(io.BytesIO(answer.content)).frames > 20_000
        asked = emulator.asked[-2:]
        sent = json.loads(asked[0].body)
        assert (sent["speed"], sent["pitch"], sent["emotion"]) == (1.5, -3.0, "calm")
        assert (sent["outputFormat"], sent["sampleRate"]) == ("wav", 44_100)
        assert asked[1].path.startswith("/generated/")
        assert "Authorization" not in asked[1].headers
        clip = Clip.objects.get()
        assert (clip.state, clip.provider, bool(clip.scheme)) == ("issued", "tensorone", True)
        assert emulator.base_url not in str(dict(answer.headers))

    @pytest.mark.parametrize("fault", ["address", "silence"])
    def test_delivers_nothing_when_the_provider_fails(
        self, client: Http, emulator: TensorOneEmulator, voice: str, fault: str
    ) -> None:
        elsewhere = "http://169.254.169.254/latest/meta-data"
        if fault == "address":
            emulator.audio_url = elsewhere
        else:
            emulator.fail("/generated/", Fault(answer=SILENCE, media_type="audio/wav"))

        answer = speak(client, voice)

        assert (answer.status_code, Clip.objects.get().state) == (422, "aborted")
        assert elsewhere not in answer.content.decode()

    @pytest.mark.parametrize(
        "changes",
        [
            {"prosody": {"emotion": "furious"}},
            {"prosody": {"speed": 0.4}},
            {"prosody": {"pitch_semitones": 13}},
            {"provider_options": {"tensorone": {"voiceId": "other"}}},
        ],
    )
    def test_of_what_cannot_be_mapped_is_refused(
        self, client: Http, emulator: TensorOneEmulator, voice: str, changes: dict[str, Any]
    ) -> None:
        before = len(emulator.asked)

        assert speak(client, voice, **changes).status_code == 422
        assert len(emulator.asked) == before

    def test_after_a_revocation_reaches_no_one(
        self, client: Http, emulator: TensorOneEmulator, voice: str, consent_id: str
    ) -> None:
        revoke(consent_id, Voice.objects.get().organisation_id)
        before = len(emulator.asked)

        assert speak(client, voice).status_code == 403
        assert len(emulator.asked) == before


class TestADeletion:
    @pytest.mark.parametrize("already", [False, True])
    def test_is_done_when_the_provider_no_longer_shows_the_voice(
        self, client: Http, emulator: TensorOneEmulator, voice: str, already: bool
    ) -> None:
        if already:
            emulator.voices.clear()
        client.delete(f"/v1/voices/{voice}")

        tasks.remove_voice(voice_id=voice, actor="system:test")

        assert (Voice.objects.get(id=voice).state, emulator.voices) == ("deleted", {})
        assert emulator.count("DELETE", f"{VOICES}/voice_000001") == 1
        assert emulator.asked[-1].path == f"{VOICES}/voice_000001/status"

    def test_is_not_believed_while_the_voice_is_shown(
        self, client: Http, emulator: TensorOneEmulator, voice: str
    ) -> None:
        emulator.fail(f"{VOICES}/voice_000001", Fault(status=204, answer=b"", times=1))
        client.delete(f"/v1/voices/{voice}")

        with suppress(ProviderUnavailable):
            tasks.remove_voice(voice_id=voice, actor="system:test")

        assert (Voice.objects.get(id=voice).state, len(emulator.voices)) == ("revoking", 1)

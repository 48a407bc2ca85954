"""The adapter of TensorOne alone, against what its server may answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from core.errors import SaysoError
from tests.emulators import tensorone
from tests.emulators.emulator import Fault
from tests.emulators.tensorone import TensorOneEmulator
from tests.voices.providers.tensorone_world import VOICES
from upstream.upstream_errors import (
    ProviderAccountRefused,
    ProviderAddressRefused,
    ProviderRefused,
    ProviderUnavailable,
)
from voices.providers import registry
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.base import (
    EncodedAudio,
    ProviderVoice,
    SpeechLine,
    TrainingState,
    UnsupportedField,
)
from voices.providers.tensorone.adapter import TensorOne

OURS = "vox_agrc7j3yo5zbzl2mwzrldk4k6m"
VOICE = ProviderVoice(remote_id="v1")
LINE = SpeechLine(text="The lamps were lit.", language="en")


@pytest.fixture
def emulator(settings: Settings) -> Iterator[TensorOneEmulator]:
    """An emulated TensorOne with one trained voice of ours."""
    settings.SAYSO_DEVELOPMENT = True
    found = TensorOneEmulator()
    found.voices["v1"] = {
        "voiceId": "v1",
        "voiceName": OURS,
        "status": "completed",
        "createdAt": "2026-11-21T12:00:00Z",
        "left": 0,
    }
    with found.running():
        yield found


def connect(emulator: TensorOneEmulator, **changes: Any) -> TensorOne:
    said: dict[str, Any] = {
        "account_id": "pac_one",
        "base_url": f"{emulator.base_url}{tensorone.BASE}",
        "credentials": {"api_key": tensorone.KEY},
        "audio_origins": (emulator.base_url,),
    }
    return TensorOne(ConnectedAccount(**(said | changes)))


def list_fetched(emulator: TensorOneEmulator) -> list[str]:
    return [one.path for one in emulator.asked if one.path.startswith("/generated/")]


class TestSpeech:
    def test_is_fetched_from_the_accounts_origin(self, emulator: TensorOneEmulator) -> None:
        made = connect(emulator).speak(VOICE, LINE)

        assert isinstance(made, EncodedAudio)
        assert made.data.startswith(b"RIFF")
        assert len(list_fetched(emulator)) == 1

    @pytest.mark.parametrize(
        "url",
        [
            "https://files.example.org/speech.wav",
            "http://127.0.0.1:1/generated/speech.wav",
            "http://10.0.0.7/speech.wav",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/speech.wav",
            "http://[::ffff:10.0.0.7]/speech.wav",
            "http://user:word@127.0.0.1/speech.wav",
            "file:///etc/passwd",
            "ftp://voices.tensorone.ai/speech.wav",
            "data:audio/wav;base64,UklGRg==",
            "//voices.tensorone.ai/speech.wav",
        ],
    )
    def test_at_another_address_is_not_fetched(self, emulator: TensorOneEmulator, url: str) -> None:
        emulator.audio_url = url

        with pytest.raises(ProviderAddressRefused) as caught:
            connect(emulator).speak(VOICE, LINE)

        assert list_fetched(emulator) == []
        assert url not in str(caught.value)

    def test_comes_from_nowhere_without_an_origin(self, emulator: TensorOneEmulator) -> None:
        with pytest.raises(ProviderAddressRefused):
            connect(emulator, audio_origins=()).speak(VOICE, LINE)
        assert list_fetched(emulator) == []

    @pytest.mark.parametrize(
        ("begin", "fault", "error"),
        [
            ("/v2", Fault(status=500), ProviderUnavailable),
            ("/v2", Fault(status=429), ProviderUnavailable),
            ("/v2", Fault(status=401), ProviderAccountRefused),
            ("/v2", Fault(status=400), ProviderRefused),
            ("/v2", Fault(answer=b"not JSON"), ProviderUnavailable),
            ("/v2", Fault(answer=b"[]"), ProviderUnavailable),
            ("/v2", Fault(answer=b'{"audioUrl": 7, "voiceId": "v1", "format": "wav"}'), None),
            ("/v2", Fault(answer=b'{"audioUrl": "x", "voiceId": "v2", "format": "wav"}'), None),
            ("/v2", Fault(answer=b'{"audioUrl": "x", "voiceId": "v1", "format": "mp3"}'), None),
            ("/gen", Fault(status=302, headers={"Location": "http://10.0.0.7/"}), ProviderRefused),
            ("/gen", Fault(status=404), ProviderRefused),
            ("file", Fault(cut_after=1), ProviderUnavailable),
            ("/gen", Fault(answer=b"<html>", media_type="text/html"), ProviderUnavailable),
            ("/gen", Fault(answer=b"ID3\x04", media_type="audio/mpeg"), ProviderUnavailable),
            ("/gen", Fault(answer=b"RIFF", media_type="audio/wav"), ProviderUnavailable),
        ],
    )
    def test_that_is_not_as_documented_is_an_error(
        self, emulator: TensorOneEmulator, begin: str, fault: Fault, error: type[SaysoError] | None
    ) -> None:
        emulator.fail(begin, fault)

        with pytest.raises(error or ProviderUnavailable):
            connect(emulator).speak(VOICE, LINE)

    def test_in_a_language_that_is_not_documented_asks_no_one(
        self, emulator: TensorOneEmulator
    ) -> None:
        with pytest.raises(UnsupportedField):
            connect(emulator).speak(VOICE, SpeechLine(text="Hei.", language="nb"))
        assert emulator.asked == []


class TestAVoice:
    @pytest.mark.parametrize(
        ("told", "state", "percent"),
        [
            (
                '"status": "processing", "trainingProgress": {"percentComplete": 15.0}',
                "training",
                15,
            ),
            ('"status": "completed"', "ready", None),
            ('"status": "failed", "error": "noise"', "failed", None),
        ],
    )
    def test_is_as_far_as_the_provider_says(
        self, emulator: TensorOneEmulator, told: str, state: str, percent: float | None
    ) -> None:
        emulator.fail("/v2", Fault(answer=f'{{"voiceId": "v1", {told}}}'.encode()))

        progress = connect(emulator).get_progress(VOICE)

        assert (progress.state, progress.percent) == (state, percent)

    @pytest.mark.parametrize(
        "told",
        [
            '"voiceId": "v1", "status": "melted"',
            '"voiceId": "v2", "status": "completed"',
            '"voiceId": "v1"',
            '"voiceId": "v1", "status": "processing", "trainingProgress": []',
            '"voiceId": "v1", "status": "processing", "trainingProgress": {"percentComplete": 101}',
            '"voiceId": "v1", "status": "processing", "trainingProgress": {"percentComplete": NaN}',
            '"voiceId": "v1", "status": "processing", "createdAt": "yesterday"',
        ],
    )
    def test_of_which_nonsense_is_said_is_an_error(
        self, emulator: TensorOneEmulator, told: str
    ) -> None:
        emulator.fail("/v2", Fault(answer=f"{{{told}}}".encode()))

        with pytest.raises(ProviderUnavailable):
            connect(emulator).get_progress(VOICE)

    def test_that_is_gone_is_missing_and_deleted_again_without_an_error(
        self, emulator: TensorOneEmulator
    ) -> None:
        adapter = connect(emulator)

        adapter.delete(VOICE)
        assert adapter.get_progress(VOICE).state is TrainingState.MISSING
        adapter.delete(VOICE)

        assert emulator.count("DELETE", f"{VOICES}/v1") == 2

    def test_is_found_in_the_list_by_our_id(self, emulator: TensorOneEmulator) -> None:
        emulator.voices["x"] = {**emulator.voices["v1"], "voiceId": "x", "voiceName": "B"}

        found = {one.remote_id: one.reference for one in connect(emulator).list_voices()}

        assert found == {"v1": OURS, "x": None}


def test_the_provider_is_reached_at_its_own_address() -> None:
    kind = registry.get_adapter_kind("tensorone")

    assert (kind.base_url, kind.is_self_hosted) == ("https://api.tensorone.ai/v2/ai", False)

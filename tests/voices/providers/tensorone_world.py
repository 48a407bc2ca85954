"""An account at an emulated TensorOne, and a voice that it has trained."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from tests.conftest import NOON
from tests.emulators import tensorone
from tests.emulators.tensorone import TensorOneEmulator
from tests.voices.conftest import Http
from tests.voices.test_background_cloning import ask
from voices import background_cloning
from voices.models import Voice

VOICES = f"{tensorone.BASE}/voice-cloning"


def connect_tensorone(client: Http, emulator: TensorOneEmulator) -> None:
    """Connect the client's organisation. Files come from the emulator's own origin alone."""
    body = {
        "provider": "tensorone",
        "base_url": f"{emulator.base_url}{tensorone.BASE}",
        "credentials": {"api_key": tensorone.KEY},
        "audio_origins": [emulator.base_url],
    }
    assert client.post("/v1/provider_accounts", body, format="json").status_code == 201


def work_times(voice_id: str, times: int) -> None:
    """Let a worker come by some times, a minute apart."""
    for minute in range(times):
        clock = partial(_return_same, NOON + timedelta(minutes=minute))
        background_cloning.run_training(voice_id, wall_clock=clock)


def make_trained_voice(client: Http, consent_id: str) -> str:
    """Our id of a voice that the provider has trained."""
    answer = ask(client, consent_id, provider="tensorone")
    assert answer.status_code == 202, answer.json()
    voice_id = str(answer.json()["id"])
    work_times(voice_id, 3)
    assert Voice.objects.get(id=voice_id).state == "ready"
    return voice_id


def _return_same(at: datetime) -> datetime:
    return at

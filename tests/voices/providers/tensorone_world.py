"""An account at an emulated TensorOne, and a voice that it has trained."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import NOON
from tests.emulators import tensorone
from tests.emulators.tensorone import TensorOneEmulator
from tests.support.checked_accounts import check_account
from tests.voices.conftest import SENTENCE, Http
from tests.voices.providers.conftest import READING
from tests.voices.test_background_cloning import ask
from voices import background_cloning
from voices.models import Voice

VOICES = f"{tensorone.BASE}/voice-cloning"
"""The provider's own path."""
PROXY = "/proxy/tensorone/v2/ai/voice-cloning"


def connect_tensorone(client: Http, emulator: TensorOneEmulator) -> None:
    """Connect the client's organisation. Files come from the emulator's own origin alone."""
    body = {
        "provider": "tensorone",
        "base_url": f"{emulator.base_url}{tensorone.BASE}",
        "credentials": {"api_key": tensorone.KEY},
        "audio_origins": [emulator.base_url],
    }
    made = client.post("/v1/provider_accounts", body, format="json")
    assert made.status_code == 201, made.json()
    check_account(made.json()["id"], emulator)


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


def sample(data: bytes = READING, **said: Any) -> dict[str, Any]:
    """A recording of a clone's body."""
    return {"audioBase64": base64.b64encode(data).decode(), "transcript": SENTENCE} | said


def clone(client: Http, consent_id: str, **changes: Any) -> Any:
    """Ask the proxy for a voice."""
    body = {"voiceName": "Mara", "audioSamples": [sample()], "language": "en"} | changes
    headers = {"Sayso-Consent": consent_id} if consent_id else {}
    return client.post(PROXY, body, format="json", headers=headers)


def say(client: Http, voice: str, **changes: Any) -> Any:
    """Ask the proxy for a sentence."""
    return client.post(f"{PROXY}/{voice}/speak", {"text": SENTENCE} | changes, format="json")


def fetch(client: Http, url: str) -> Any:
    """The file at an address of ours, without any key."""
    return client.get(urlsplit(url).path, HTTP_AUTHORIZATION="")

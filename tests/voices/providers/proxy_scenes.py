"""A voice at each provider, and what its proxy route takes to speak with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import ApiKey
from tests.emulators import cartesia, elevenlabs, fish, inworld, openai, resemble
from tests.emulators.cartesia import CartesiaEmulator
from tests.emulators.elevenlabs import ElevenLabsEmulator
from tests.emulators.emulator import Emulator
from tests.emulators.fish import FishEmulator
from tests.emulators.inworld import InworldEmulator
from tests.emulators.openai import OpenAiEmulator
from tests.emulators.resemble import ResembleEmulator
from tests.support.checked_accounts import check_account
from tests.voices.conftest import AUDIOBOOK, Http
from tests.voices.providers import test_openai, test_resemble
from tests.voices.providers.test_cartesia import clone as clone_at_cartesia
from tests.voices.providers.test_elevenlabs import clone as clone_at_elevenlabs
from tests.voices.providers.test_fish import clone as clone_at_fish
from tests.voices.test_background_cloning import ask
from voices.models import Voice

TEXT: Final = "The lamps along the harbour were lit one after another."
_CARTESIA: Final = {
    "transcript": TEXT,
    "model_id": "sonic-3",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
}
_INWORLD: Final = {"text": TEXT, "modelId": "inworld-tts-1"}
_RESEMBLE: Final = {"data": TEXT, "project_uuid": "harbour"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyScene:
    """One provider: its emulator, how a voice is made by its SDK's calls, and how one speaks.

    `make` gives the id under which the proxy knows the voice. `speech` has a body for each route
    that speaks, where `voice_field` names the voice, or nothing does because the path does.
    """

    emulator: Callable[[], Emulator]
    key: str
    make: Callable[[Http, str], str]
    speech: Mapping[str, Mapping[str, Any]]
    voice_field: str = ""
    base_end: str = ""

    def write_body(self, voice: str, path: str = "", **changes: Any) -> dict[str, Any]:
        """A call of speech with this voice, for the route at `path`, else for the first."""
        named = {self.voice_field: voice} if self.voice_field else {}
        body = self.speech.get(path) or next(iter(self.speech.values()))
        return {**body, **named, **changes}

    def connect(self, client: Http, name: str, emulator: Emulator) -> None:
        """Connect Acme to the running emulator, and give its key what no SDK can say."""
        account = {
            "provider": name,
            "base_url": emulator.base_url + self.base_end,
            "credentials": {"api_key": self.key},
        }
        answer = client.post("/v1/provider_accounts", account, format="json")
        assert answer.status_code == 201, answer.content
        check_account(answer.json()["id"], emulator)
        ApiKey.objects.update(default_use_case=AUDIOBOOK, default_language="en")


def _make_at_inworld(client: Http, consent_id: str) -> str:
    answer = ask(client, consent_id, provider="inworld", delivery={"mode": "sync"})
    return str(answer.json()["id"])


def _make_at_openai(client: Http, consent_id: str) -> str:
    statement = test_openai.state(client, consent_id).json()["id"]
    return str(test_openai.clone(client, statement).json()["id"])


def _make_at_resemble(client: Http, consent_id: str) -> str:
    named = str(test_resemble.create(client, consent_id).json()["item"]["uuid"])
    test_resemble.record(client, named)
    test_resemble.work_twice(Voice.objects.get().id)
    return named


SCENES: Final[Mapping[str, ProxyScene]] = {
    "cartesia": ProxyScene(
        emulator=CartesiaEmulator,
        key=cartesia.KEY,
        make=lambda client, consent: str(clone_at_cartesia(client, consent).json()["id"]),
        speech={"tts/bytes": _CARTESIA, "tts/sse": _CARTESIA},
        voice_field="voice",
    ),
    "elevenlabs": ProxyScene(
        emulator=ElevenLabsEmulator,
        key=elevenlabs.KEY,
        make=lambda client, consent: str(clone_at_elevenlabs(client, consent).json()["voice_id"]),
        # With times of characters an account speaks nothing.
        speech={
            "v1/text-to-speech/{voice_id}": {"text": TEXT},
            "v1/text-to-speech/{voice_id}/stream": {"text": TEXT},
        },
    ),
    "fish": ProxyScene(
        emulator=FishEmulator,
        key=fish.KEY,
        make=lambda client, consent: str(clone_at_fish(client, consent).json()["_id"]),
        speech={"v1/tts": {"text": TEXT}},
        voice_field="reference_id",
    ),
    "inworld": ProxyScene(
        emulator=InworldEmulator,
        key=inworld.KEY,
        make=_make_at_inworld,
        speech={"tts/v1/voice": _INWORLD, "tts/v1/voice:stream": _INWORLD},
        voice_field="voiceId",
    ),
    "openai": ProxyScene(
        emulator=OpenAiEmulator,
        key=openai.KEY,
        make=_make_at_openai,
        speech={"v1/audio/speech": {"input": TEXT, "model": "gpt-4o-mini-tts"}},
        voice_field="voice",
        base_end="/v1",
    ),
    "resemble": ProxyScene(
        emulator=ResembleEmulator,
        key=resemble.KEY,
        make=_make_at_resemble,
        speech={
            "synthesize": _RESEMBLE,
            "stream": _RESEMBLE,
            "api/v2/projects/{project_uuid}/clips": {"body": TEXT},
        },
        voice_field="voice_uuid",
    ),
}

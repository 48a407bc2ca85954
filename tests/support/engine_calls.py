"""Declared engines before their emulators: connected without a row, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core import ids
from tests.emulators.engine_emulator import EngineEmulator
from tests.emulators.file_engines import (
    COSY_RATE,
    ChatterboxServerEmulator,
    CosyVoiceEmulator,
    FishSpeechEmulator,
    XttsEmulator,
)
from tests.emulators.openai_engines import (
    ChatterboxApiEmulator,
    KokoroEmulator,
    LocalAiEmulator,
    VllmOmniEmulator,
    VoxtralEmulator,
)
from tests.voices.conftest import reading
from voices.providers import registry
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.base import Clone, Prosody, ProviderVoice, ReferenceRecording, SpeechLine

TEXT: Final = "The lamps along the harbour were lit one after another."
CONSENT: Final = "con_0001"


@dataclass(frozen=True)
class EngineCase:
    """An engine, its emulator, and the account that it needs."""

    name: str
    emulator: type[EngineEmulator]
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    preset: str | None = None


CASES: Final = (
    EngineCase("vllm_omni", VllmOmniEmulator),
    EngineCase("kokoro_fastapi", KokoroEmulator, preset="af_heart"),
    EngineCase("chatterbox_tts_api", ChatterboxApiEmulator),
    EngineCase("chatterbox_tts_server", ChatterboxServerEmulator),
    EngineCase("fish_speech", FishSpeechEmulator),
    EngineCase("localai", LocalAiEmulator, settings={"model": "qwen3-tts-base"}),
    EngineCase("xtts_api_server", XttsEmulator, preset="calm_female"),
    EngineCase("cosyvoice", CosyVoiceEmulator, settings={"sample_rate_hz": COSY_RATE}),
    EngineCase("voxtral", VoxtralEmulator, key="mistral-key"),
)
BY_NAME: Final = {case.name: case for case in CASES}


def connect_engine_at(
    name: str,
    base_url: str,
    *,
    settings: Mapping[str, Any] | None = None,
    key: str = "",
    origins: tuple[str, ...] = (),
) -> Any:
    """The adapter for an account at this address, whose settings were checked as the API does."""
    kind = registry.get_adapter_kind(name)
    assert kind.check_settings is not None
    return kind.connect(
        ConnectedAccount(
            account_id=ids.new("pac"),
            base_url=base_url,
            credentials={"api_key": key} if key else {},
            audio_origins=origins,
            settings=kind.check_settings(settings or {}),
        )
    )


def connect_case(case: EngineCase, emulator: EngineEmulator) -> Any:
    """The adapter of a case before its emulator."""
    return connect_engine_at(case.name, emulator.base_url, settings=case.settings, key=case.key)


def make_order(transcript: str | None = "It is a truth.", **changes: Any) -> Clone:
    """A clone of one real recording."""
    recording = ReferenceRecording(data=b"as uploaded", sound=reading(), transcript=transcript)
    known: dict[str, Any] = {
        "reference": ids.new("vox"),
        "consent_id": CONSENT,
        "language": "en",
        "recordings": (recording,),
    }
    return Clone(**known | changes)


def make_line(text: str = TEXT, language: str = "en", speed: float = 1.0) -> SpeechLine:
    """A text to speak."""
    return SpeechLine(text=text, language=language, prosody=Prosody(speed=speed))


def obtain_voice(case: EngineCase, engine: Any) -> ProviderVoice:
    """The preset voice of a case, or a clone."""
    if case.preset is not None:
        return ProviderVoice(remote_id=case.preset)

    made: ProviderVoice = engine.clone(make_order())
    return made

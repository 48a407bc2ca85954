"""All declared engines, as the registry knows them."""

from __future__ import annotations

from typing import Final

from voices.providers.adapter_kinds import AdapterKind
from voices.providers.declared.engine_accounts import build_engine_kind
from voices.providers.declared.engines.chatterbox_tts_api import CHATTERBOX_TTS_API
from voices.providers.declared.engines.chatterbox_tts_server import CHATTERBOX_TTS_SERVER
from voices.providers.declared.engines.cosyvoice import COSYVOICE
from voices.providers.declared.engines.fish_speech import FISH_SPEECH
from voices.providers.declared.engines.kokoro_fastapi import KOKORO_FASTAPI
from voices.providers.declared.engines.localai import LOCALAI
from voices.providers.declared.engines.vllm_omni import VLLM_OMNI
from voices.providers.declared.engines.voxtral import VOXTRAL
from voices.providers.declared.engines.xtts_api_server import XTTS_API_SERVER

DECLARATIONS: Final = (
    VLLM_OMNI,
    KOKORO_FASTAPI,
    CHATTERBOX_TTS_API,
    CHATTERBOX_TTS_SERVER,
    FISH_SPEECH,
    LOCALAI,
    XTTS_API_SERVER,
    COSYVOICE,
    VOXTRAL,
)
ENGINE_KINDS: Final[tuple[AdapterKind, ...]] = tuple(map(build_engine_kind, DECLARATIONS))

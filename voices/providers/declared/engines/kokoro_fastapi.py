"""Kokoro-FastAPI (0.8): preset voices alone.

A voice may be a mix (`a(2)+b`), and a text may name voices (`[voice:name]`, SSML). Neither passes:
each would speak with a voice whose person was not asked.

Reviewed are voices of Kokoro-82M 1.0. Left out are those that its documents credit to one reader's
recordings (`ff_siwis`, the Japanese ones), and those with the names of other companies' voices.
"""

from __future__ import annotations

import re
from typing import Final

from voices.providers.declared.declarations import (
    EngineAnswer,
    EngineDeclaration,
    Part,
    SpeechCall,
)
from voices.providers.preset_voices import list_presets

_LICENCE: Final = "Apache-2.0"
_SOURCE: Final = "https://huggingface.co/hexgrad/Kokoro-82M/blob/main/VOICES.md"
_FIELDS: Final = {
    "input": Part.TEXT,
    "voice": Part.VOICE,
    "lang_code": Part.LANGUAGE,
    "speed": Part.SPEED,
}

KOKORO_FASTAPI: Final = EngineDeclaration(
    name="kokoro_fastapi",
    speech=SpeechCall(
        path=("v1", "audio", "speech"),
        fields=_FIELDS,
        constants={"model": "kokoro", "response_format": "wav", "stream": False},
        answer=EngineAnswer(kind="file"),
    ),
    stream=SpeechCall(
        path=("v1", "audio", "speech"),
        fields=_FIELDS,
        constants={"model": "kokoro", "response_format": "pcm", "stream": True},
        answer=EngineAnswer(kind="pcm", rate=24_000),
    ),
    voice_pattern=re.compile(r"[a-z]{2}_[a-z0-9]{1,40}"),
    languages={
        "en": "a", "en-GB": "b", "es": "e", "fr": "f", "hi": "h", "it": "i", "pt": "p", "ja": "j",
        "zh": "z",
    },
    speed=(0.5, 2.0),
    presets=(
        *list_presets(
            "en", "af_heart", "am_michael", "af_bella", "bf_emma", "bf_isabella",
            licence=_LICENCE, source=_SOURCE,
        ),
        *list_presets("es", "ef_dora", "em_alex", licence=_LICENCE, source=_SOURCE),
        *list_presets("pt", "pf_dora", "pm_alex", licence=_LICENCE, source=_SOURCE),
    ),
    unknown_preset="zz_canary0",
    forbidden=re.compile(r"\[\s*(?:voice|pause)\s*:|<\s*/?\s*(?:voice|speak)\b", re.IGNORECASE),
)  # fmt: skip

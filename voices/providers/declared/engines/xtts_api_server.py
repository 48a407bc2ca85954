"""xtts-api-server (daswer123, 2024-07): voices are files in a folder of its operator.

A voice may be a path there, and one call changes the folder. Only plain names are sent, and no
other call is used. Its stream would carry the text in the address, so it is not used either.
Reviewed are the example files that come with the server.
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

XTTS_API_SERVER: Final = EngineDeclaration(
    name="xtts_api_server",
    speech=SpeechCall(
        path=("tts_to_audio",),
        has_final_slash=True,
        fields={"text": Part.TEXT, "speaker_wav": Part.VOICE, "language": Part.LANGUAGE},
        answer=EngineAnswer(kind="file"),
    ),
    voice_pattern=re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"),
    languages={
        "en": "en", "es": "es", "fr": "fr", "de": "de", "it": "it", "pt": "pt", "pl": "pl",
        "tr": "tr", "ru": "ru", "nl": "nl", "cs": "cs", "ar": "ar", "zh": "zh-cn", "hu": "hu",
        "ko": "ko", "ja": "ja", "hi": "hi",
    },
    presets=list_presets(
        "ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh", "calm_female", "male",
        licence="MIT", source="https://github.com/daswer123/xtts-api-server/tree/main/example",
    ),
    unknown_preset="canary-unknown",
)  # fmt: skip

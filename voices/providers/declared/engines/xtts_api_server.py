"""xtts-api-server (daswer123, 2024-07): voices are files in a folder of its operator.

A voice may be a path there, and one call changes the folder. Only plain names are sent, and no
other call is used. Its stream would carry the text in the address, so it is not used either.
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
)  # fmt: skip

"""chatterbox-tts-api (travisvn, 2025-12).

It speaks with its default voice where it does not know the one that is asked for, so the voice is
asked for first. A voice has the language that it was added with, and a text has none.
"""

from __future__ import annotations

from typing import Final

from voices.providers.declared.declarations import (
    EngineAnswer,
    EngineDeclaration,
    EngineListing,
    Part,
    RecordingLimits,
    SpeechCall,
    VoiceLookup,
    VoiceRemoval,
    VoiceUpload,
)

_FIELDS: Final = {"input": Part.TEXT, "voice": Part.VOICE}
_ANSWER: Final = EngineAnswer(kind="file")

CHATTERBOX_TTS_API: Final = EngineDeclaration(
    name="chatterbox_tts_api",
    speech=SpeechCall(
        path=("v1", "audio", "speech"),
        fields=_FIELDS,
        constants={"response_format": "wav"},
        answer=_ANSWER,
    ),
    stream=SpeechCall(
        path=("v1", "audio", "speech", "stream"),
        fields=_FIELDS,
        constants={"response_format": "wav"},
        answer=_ANSWER,
    ),
    adding=VoiceUpload(
        path=("voices",),
        file_field="voice_file",
        fields={"voice_name": Part.REFERENCE, "language": Part.LANGUAGE},
        limits=RecordingLimits(most_bytes=10 * 2**20),
        there=frozenset({409}),
    ),
    listing=EngineListing(path=("voices",), rows=("voices",), id_name="name"),
    lookup=VoiceLookup(path=("voices", "{voice}"), language=("voice", "language")),
    removal=VoiceRemoval(path=("voices", "{voice}")),
    asks_first=True,
    most_characters=3_000,
)

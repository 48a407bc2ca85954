"""LocalAI (2026-08): voice profiles.

A voice may be a path there. Only the engine's own ids are sent, behind the prefix of its profiles.
The consent is a yes or no, and its id stands in the description.
"""

from __future__ import annotations

import re
from typing import Final

from voices.providers.declared.declarations import (
    SPEAKER_MARKS,
    EngineAnswer,
    EngineDeclaration,
    EngineListing,
    Part,
    RecordingLimits,
    SpeechCall,
    VoiceRemoval,
    VoiceUpload,
)

_PROFILES: Final = ("api", "voice-profiles")

LOCALAI: Final = EngineDeclaration(
    name="localai",
    speech=SpeechCall(
        path=("v1", "audio", "speech"),
        fields={
            "input": Part.TEXT,
            "voice": Part.VOICE,
            "language": Part.LANGUAGE,
            "model": Part.MODEL,
        },
        constants={"response_format": "wav"},
        answer=EngineAnswer(kind="file"),
    ),
    adding=VoiceUpload(
        path=_PROFILES,
        file_field="audio",
        fields={
            "name": Part.REFERENCE,
            "language": Part.LANGUAGE_TAG,
            "transcript": Part.TRANSCRIPT,
            "consent_confirmed": Part.CONSENT_GIVEN,
            "description": Part.CONSENT,
        },
        limits=RecordingLimits(most_seconds=120.0, most_bytes=50 * 2**20, needs_transcript=True),
        id_path=("id",),
    ),
    listing=EngineListing(path=_PROFILES, rows=("data",), id_name="id", reference_name="name"),
    removal=VoiceRemoval(path=(*_PROFILES, "{voice}")),
    voice_pattern=re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    voice_prefix="localai://voice-profiles/",
    forbidden=SPEAKER_MARKS,
    needed=frozenset({"model"}),
)

"""The API server of fish-speech (2026-04).

It makes an empty folder for a reference that it does not know, and speaks with any voice. So the
voice is asked for first. Its answers are JSON where `Accept` says so.
"""

from __future__ import annotations

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

_FIELDS: Final = {"text": Part.TEXT, "reference_id": Part.VOICE}

FISH_SPEECH: Final = EngineDeclaration(
    name="fish_speech",
    speech=SpeechCall(
        path=("v1", "tts"),
        fields=_FIELDS,
        constants={"format": "wav", "streaming": False},
        answer=EngineAnswer(kind="file"),
    ),
    stream=SpeechCall(
        path=("v1", "tts"),
        fields=_FIELDS,
        constants={"format": "wav", "streaming": True},
        answer=EngineAnswer(kind="file"),
    ),
    adding=VoiceUpload(
        path=("v1", "references", "add"),
        file_field="audio",
        fields={"id": Part.REFERENCE, "text": Part.TRANSCRIPT},
        limits=RecordingLimits(needs_transcript=True),
        there=frozenset({409}),
    ),
    listing=EngineListing(path=("v1", "references", "list"), rows=("reference_ids",)),
    removal=VoiceRemoval(path=("v1", "references", "delete"), body_field="reference_id"),
    forbidden=SPEAKER_MARKS,
    asks_first=True,
    headers={"Accept": "application/json"},
)

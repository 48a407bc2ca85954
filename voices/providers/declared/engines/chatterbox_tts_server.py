"""Chatterbox-TTS-Server (devnen, 2026-04).

Voices are files, and a file whose name is there already is kept without a word. No call removes
one: its operator does, and the list of files says when.
"""

from __future__ import annotations

import re
from typing import Final

from voices.providers.declared.declarations import (
    EngineAnswer,
    EngineDeclaration,
    EngineListing,
    Part,
    RecordingLimits,
    SpeechCall,
    VoiceUpload,
)

CHATTERBOX_TTS_SERVER: Final = EngineDeclaration(
    name="chatterbox_tts_server",
    speech=SpeechCall(
        path=("tts",),
        fields={
            "text": Part.TEXT,
            "reference_audio_filename": Part.VOICE,
            "language": Part.LANGUAGE,
            "speed_factor": Part.SPEED,
        },
        constants={"voice_mode": "clone", "output_format": "wav"},
        answer=EngineAnswer(kind="file"),
    ),
    adding=VoiceUpload(
        path=("upload_reference",),
        file_field="files",
        limits=RecordingLimits(most_seconds=30.0),
        suffix=".wav",
    ),
    listing=EngineListing(path=("get_reference_files",)),
    voice_pattern=re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}\.wav"),
    speed=(0.5, 2.0),
)

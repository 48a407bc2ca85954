"""vLLM-Omni (docs/serving/speech_api.md, 2026).

A voice of the same name is overwritten there without a word, and references by address are fetched
by the engine. Names are our ids, and no address is sent. It streams at the usual speed alone.
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

_SPEECH: Final = ("v1", "audio", "speech")
_VOICES: Final = ("v1", "audio", "voices")
_FIELDS: Final = {
    "input": Part.TEXT,
    "voice": Part.VOICE,
    "language": Part.LANGUAGE,
    "speed": Part.SPEED,
    "model": Part.MODEL,
}

VLLM_OMNI: Final = EngineDeclaration(
    name="vllm_omni",
    speech=SpeechCall(
        path=_SPEECH,
        fields=_FIELDS,
        constants={"response_format": "wav", "stream": False},
        answer=EngineAnswer(kind="file"),
    ),
    stream=SpeechCall(
        path=_SPEECH,
        fields=_FIELDS,
        constants={"response_format": "wav", "stream_format": "audio"},
        answer=EngineAnswer(kind="file"),
        has_speed=False,
    ),
    adding=VoiceUpload(
        path=_VOICES,
        file_field="audio_sample",
        fields={"name": Part.REFERENCE, "consent": Part.CONSENT, "ref_text": Part.TRANSCRIPT},
        limits=RecordingLimits(most_bytes=10 * 2**20),
    ),
    listing=EngineListing(path=_VOICES, rows=("uploaded_voices",), id_name="name"),
    removal=VoiceRemoval(path=(*_VOICES, "{voice}")),
    languages={
        "zh": "Chinese", "en": "English", "ja": "Japanese", "ko": "Korean", "de": "German",
        "fr": "French", "ru": "Russian", "pt": "Portuguese", "es": "Spanish", "it": "Italian",
    },
    # Its other models take no language, or know more of them than are named there.
    other_language="Auto",
    speed=(0.5, 2.0),
    forbidden=SPEAKER_MARKS,
    settings=frozenset({"model"}),
)  # fmt: skip

"""Mistral's hosted Voxtral (2026): the recording goes along with each text.

A whole text is answered in JSON, unlike at OpenAI, and a stream by events with samples of 32 bits.
"""

from __future__ import annotations

from typing import Final

from voices.providers.declared.declarations import (
    EngineAnswer,
    EngineDeclaration,
    InlineReference,
    Part,
    RecordingLimits,
    SpeechCall,
)

_PATH: Final = ("v1", "audio", "speech")
_FIELDS: Final = {"input": Part.TEXT, "ref_audio": Part.RECORDING, "model": Part.MODEL}
_MODEL: Final = "voxtral-mini-tts-2603"

VOXTRAL: Final = EngineDeclaration(
    name="voxtral",
    speech=SpeechCall(
        path=_PATH,
        fields=_FIELDS,
        constants={"model": _MODEL, "response_format": "wav", "stream": False},
        answer=EngineAnswer(kind="json", path=("audio_data",)),
    ),
    stream=SpeechCall(
        path=_PATH,
        fields=_FIELDS,
        constants={"model": _MODEL, "response_format": "pcm", "stream": True},
        answer=EngineAnswer(kind="sse", path=("audio_data",), rate=24_000, samples="f32le"),
    ),
    # Sixty seconds are our bound: the recording is sent with every text.
    adding=InlineReference(limits=RecordingLimits(most_seconds=60.0)),
    settings=frozenset({"model"}),
    is_self_hosted=False,
    base_url="https://api.mistral.ai",
)

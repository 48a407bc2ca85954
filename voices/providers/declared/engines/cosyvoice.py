"""CosyVoice's FastAPI server (2026-03): the recording goes along with each text.

It answers with samples of 16 bits and no header. Only the model knows their rate, so the account
says it.
"""

from __future__ import annotations

from typing import Final

from voices.providers.declared.declarations import (
    SPEAKER_MARKS,
    EngineAnswer,
    EngineDeclaration,
    InlineReference,
    Part,
    RecordingLimits,
    SpeechCall,
)

_SPEECH: Final = SpeechCall(
    path=("inference_zero_shot",),
    fields={"tts_text": Part.TEXT, "prompt_text": Part.TRANSCRIPT},
    body="form",
    file_field="prompt_wav",
    # The server names no content type.
    answer=EngineAnswer(kind="pcm", media_types=("audio/", "application/octet-stream", "")),
)

COSYVOICE: Final = EngineDeclaration(
    name="cosyvoice",
    speech=_SPEECH,
    stream=_SPEECH,
    adding=InlineReference(limits=RecordingLimits(most_seconds=30.0, needs_transcript=True)),
    forbidden=SPEAKER_MARKS,
    needed=frozenset({"sample_rate_hz"}),
)

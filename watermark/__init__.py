"""The speech watermark: a keyed 32-bit token in clips of two seconds and more.

It survives ordinary handling of the clip.
"""

from __future__ import annotations

from watermark.speech.decoder import DecodedToken
from watermark.speech.detector import detect, detect_any
from watermark.speech.embedder import embed
from watermark.speech.parameters import SPEECH_1
from watermark.speech.segmentation import Segment, find_segments
from watermark.speech.stream_embedder import StreamEmbedder

SCHEME: str = SPEECH_1.name

__all__ = [
    "SCHEME",
    "DecodedToken",
    "Segment",
    "StreamEmbedder",
    "detect",
    "detect_any",
    "embed",
    "find_segments",
]

"""The speech watermark: a keyed 32-bit token in clips of two seconds and more, that survives ordinary handling."""

from __future__ import annotations

from provenance.watermark.detection import detect, detect_any
from provenance.watermark.embedding import embed
from provenance.watermark.errors import MarkFailed
from provenance.watermark.reading import Reading
from provenance.watermark.scheme import SPEECH_1
from provenance.watermark.streaming import StreamEmbedder
from provenance.watermark.windows import Segment, segments

SCHEME: str = SPEECH_1.name

__all__ = ["SCHEME", "MarkFailed", "Reading", "Segment", "StreamEmbedder", "detect", "detect_any", "embed", "segments"]

"""The audiowmark 0.6 scheme in 128-bit mode, written from a description: what either writes, the
other reads.

Pure: NumPy, and AES from `cryptography`. Not in it: speed detection, other payload sizes, the
program's streams.
"""

from __future__ import annotations

from watermark.audiowmark.audiowmark_detector import HOPEFUL, DetectorRow, detect
from watermark.audiowmark.audiowmark_embedder import embed
from watermark.audiowmark.audiowmark_parameters import NAME as SCHEME
from watermark.audiowmark.convolutional_code import BadMessage
from watermark.audiowmark.key_files import KEY_BYTES, AudiowmarkKey, KeyFileError

__all__ = [
    "HOPEFUL",
    "KEY_BYTES",
    "SCHEME",
    "AudiowmarkKey",
    "BadMessage",
    "DetectorRow",
    "KeyFileError",
    "detect",
    "embed",
]

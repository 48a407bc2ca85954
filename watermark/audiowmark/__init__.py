"""The audiowmark 0.6 scheme in 128-bit mode, written from a description of the program.

The program reads what this package writes, and the other way round. The package is pure: NumPy, and
AES from `cryptography`. It has no speed detection, no other payload sizes and none of the program's
streams.
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

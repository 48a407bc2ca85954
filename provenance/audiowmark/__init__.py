"""The audiowmark 0.6 scheme in 128-bit mode, written from a description: what either writes, the other reads.

Pure: NumPy, and AES from `cryptography`. Not in it: speed detection, other payload sizes, the program's streams.
"""

from __future__ import annotations

from provenance.audiowmark.code import BadMessage
from provenance.audiowmark.embedding import embed
from provenance.audiowmark.keys import KEY_BYTES, Key, KeyFileError
from provenance.audiowmark.reading import HOPEFUL, Row, detect
from provenance.audiowmark.scheme import NAME as SCHEME

__all__ = ["HOPEFUL", "KEY_BYTES", "SCHEME", "BadMessage", "Key", "KeyFileError", "Row", "detect", "embed"]

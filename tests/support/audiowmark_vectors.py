"""The vectors of the stock program, read from tests/data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from watermark.audiowmark import AudiowmarkKey, DetectorRow, detect, key_files
from watermark.audiowmark.audiowmark_parameters import Samples

DATA = Path(__file__).resolve().parents[1] / "data" / "audiowmark"
KEY = key_files.read_key_file(DATA / "vectors.key")
WRONG_KEY = key_files.read_key_file(DATA / "wrong.key")
MESSAGE = (DATA / "message.txt").read_text(encoding="ascii").strip()


@cache
def sound(name: str) -> tuple[Samples, int]:
    """A file as (samples, channels), and its rate."""
    samples, rate = soundfile.read(DATA / f"{name}.flac", dtype="float64", always_2d=True)
    return samples, int(rate)


def steps(name: str) -> NDArray[np.int64]:
    """A file's 16-bit samples as they stand in it."""
    samples, _ = soundfile.read(DATA / f"{name}.flac", dtype="int16", always_2d=True)
    return np.asarray(samples, dtype=np.int64)


@cache
def table(name: str) -> dict[str, Any]:
    """A JSON file of the vectors."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="ascii"))
    return found


def read(name: str, key: AudiowmarkKey = KEY) -> tuple[DetectorRow, ...]:
    """Our rows of a file."""
    return _read(name, key)


@cache
def _read(name: str, key: AudiowmarkKey) -> tuple[DetectorRow, ...]:
    return tuple(detect(*sound(name), keys=[key]))

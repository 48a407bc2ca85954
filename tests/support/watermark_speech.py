"""Real speech for the watermark's tests: the shipped LibriVox clips, and keys."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from audio.sound import Sound

AUDIO = Path(__file__).resolve().parents[1] / "data" / "audio"
NAMES = tuple(sorted(path.stem for path in AUDIO.glob("librivox-*.wav")))
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
TOKEN = 0xC0FFEE42


@cache
def clip(
    name: str = "librivox-austen-0930", *, seconds: float | None = None, rate: int | None = None
) -> Sound:
    """One clip, its first `seconds`, at `rate`."""
    samples, found = soundfile.read(
        io.BytesIO((AUDIO / f"{name}.wav").read_bytes()), dtype="float32"
    )
    size = samples.size if seconds is None else round(seconds * found)
    sound = Sound(np.ascontiguousarray(samples[:size]), int(found))
    return sound if rate is None else sound.resample(rate)

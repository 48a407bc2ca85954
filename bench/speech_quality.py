"""The quality of marked speech, against the same speech without its mark."""

from __future__ import annotations

from collections.abc import Mapping

from pesq import pesq

from audio.sound import Sound

RATE = 16_000
MOST_SECONDS = 15


def measure_pesq(before: Sound, after: Sound) -> float:
    """Return the wide-band PESQ (ITU-T P.862.2) of the marked sound against the unmarked one.

    Raises PesqError for too little speech.
    """
    pair = [sound.resample(RATE).samples for sound in (before, after)]
    size = min(*(samples.size for samples in pair), MOST_SECONDS * RATE)
    return float(pesq(RATE, *(samples[:size] for samples in pair), "wb"))


def describe_margins(margins: Mapping[int, int]) -> str:
    """Return how many clips were marked at each margin, which is in thousandths of a decibel."""
    return ", ".join(f"{margin / 1000} dB: {margins[margin]}" for margin in sorted(margins))

"""What the ranking of keys costs and loses: exact tokens with one key and among very many.

`python -m bench.key_ranking [--count N] [--keys N ...]` needs espeak-ng, flite and ffmpeg. Each
clip is marked as the service marks it, attacked, and read three ways: with its key alone, and as
one of many keys, of which those that stand out are read. The last columns say what a selector in
the mark would cost: readings that would fall below the least score if the token had as much less
of the cells as the selector needs (a seventh for 8 bits without a check, 28 % with one of 8 bits).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections import Counter
from typing import Final

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import numpy as np
from numpy.typing import NDArray

# Marking needs models for the audiowmark layer.
django.setup()

from audio.encoding import Output
from audio.sound import Sound
from bench.attacks import ATTACKS, noise
from bench.corpus import clips
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import mark_sound
from provenance.clips.watermark_key_search import MOST_LIVE
from watermark import DecodedToken, detect_any
from watermark.speech import key_ranking
from watermark.speech.decoder import SCORE_LEAST
from watermark.speech.feature_grid import Cells

LENGTHS: Final = (3.0, 6.0)
KEYS: Final = (1_000, 10_000)
TRIED: Final = (
    "clean", "mp3 64k", "opus 24k", "opus 16k", "mu-law", "gsm", "noise 20 dB", "speed 1.02",
    "tempo 0.95", "1.5 s of its middle",
)  # fmt: skip
SELECTORS: Final = {"8 bits": 1 - 16 / 112, "8 bits and a check": 1 - 32 / 112}
RIGHT: Final = "0"


class Ranked:
    """Many keys, of which those that stand out most are read."""

    def __init__(self, count: int) -> None:
        self.keys = {str(n): hashlib.sha256(b"%d" % n).digest() for n in range(count)}
        self.spectra: NDArray[np.complex64] = np.array(
            [key_ranking.compute_pattern_spectrum(key) for key in self.keys.values()]
        )
        self.seconds, self.asked = 0.0, 0

    def __len__(self) -> int:
        return len(self.keys)

    def choose_keys(self, contrast: Cells) -> dict[str, bytes]:
        """Return the keys that stand out most."""
        began = time.process_time()
        scores = key_ranking.rank_spectra(self.spectra, contrast)
        best = np.argsort(-scores, kind="stable")[:MOST_LIVE]
        self.seconds += time.process_time() - began
        self.asked += 1
        return {str(number): self.keys[str(number)] for number in best.tolist()}


def measure(seconds: float, count: int, ranked: dict[int, Ranked]) -> None:
    """Print one table for clips of this length."""
    heard: Counter[tuple[str, str]] = Counter()
    key = next(iter(ranked.values())).keys[RIGHT]
    marked = 0

    for index, clip in enumerate(clips(seconds, count)):
        token = (0x9E3779B9 * (index + 1)) & 0xFFFFFFFF
        output = Output(codec="wav", sample_rate_hz=clip.sound.rate)
        try:
            sound = mark_sound(clip.sound, token=token, key=key, output=output).sound
        except MarkFailed:
            continue

        marked += 1
        attacked = {name: ATTACKS[name](sound) for name in TRIED}
        attacked["noise 10 dB"] = noise(sound, 10.0)
        for name, heard_sound in attacked.items():
            _read(heard_sound, name, token, key, ranked, heard)

    columns = ["alone", *map(str, ranked), *SELECTORS]
    print(f"\n{marked} clips of {seconds:g} s\n\n| after | {' | '.join(columns)} |")
    print("| --- " * (len(columns) + 1) + "|")
    for name in (*TRIED, "noise 10 dB"):
        print(f"| {name} | {' | '.join(str(heard[name, column]) for column in columns)} |")


def _read(
    sound: Sound,
    name: str,
    token: int,
    key: bytes,
    ranked: dict[int, Ranked],
    heard: Counter[tuple[str, str]],
) -> None:
    alone = detect_any(sound.samples, sound.rate, keys={RIGHT: key})
    if not _is_right(alone, token):
        return  # no ranking finds what its own key does not

    assert alone is not None
    heard[name, "alone"] += 1
    for count, many in ranked.items():
        found = detect_any(sound.samples, sound.rate, keys=many)
        heard[name, str(count)] += _is_right(found, token)
    for column, share in SELECTORS.items():
        heard[name, column] += alone[1].score * share**0.5 >= SCORE_LEAST


def _is_right(found: tuple[str, DecodedToken] | None, token: int) -> bool:
    return found is not None and found[0] == RIGHT and found[1].token == token


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.key_ranking")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--keys", type=int, nargs="*", default=KEYS)
    chosen = parser.parse_args()

    ranked = {count: Ranked(count) for count in chosen.keys}
    for seconds in LENGTHS:
        measure(seconds, chosen.count, ranked)
    for count, many in ranked.items():
        each = 1000 * many.seconds / max(1, many.asked)
        print(f"\n{count} keys: {each:.0f} ms a choice, {many.asked} choices")
    return 0


if __name__ == "__main__":
    sys.exit(main())

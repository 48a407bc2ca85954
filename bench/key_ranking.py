"""What the ranking of keys costs and loses: exact tokens with one key and among very many.

`python -m bench.key_ranking [--count N] [--keys N]` needs espeak-ng, flite and ffmpeg. Each clip is
marked as the service marks it, attacked, and read with its key alone, and as one of many keys, of
which the few that stand out are read. Wrong keys are ranked and not read: they read nothing. The
last columns say what a selector in the mark would cost: readings that would fall below the least
score if the token had as much less of the cells as the selector needs (a seventh for 8 bits without
a check, 28 % with one of 8 bits).
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
from watermark import DecodedToken, detect_any
from watermark.speech import key_ranking
from watermark.speech.decoder import SCORE_LEAST
from watermark.speech.feature_grid import Cells

LENGTHS: Final = (3.0, 6.0)
KEYS: Final = 1_000
MOST: Final = (16, 32, 64, 128)
TRIED: Final = (
    "clean", "mp3 64k", "opus 24k", "opus 16k", "mu-law", "gsm", "noise 20 dB", "speed 1.02",
    "tempo 0.95", "1.5 s of its middle",
)  # fmt: skip
SELECTORS: Final = {"8 bits": 1 - 16 / 112, "8 bits and a check": 1 - 32 / 112}
RIGHT: Final = "0"


class Ranked:
    """Many keys. The right one, the first of them, is read where it is among the best."""

    def __init__(self, count: int) -> None:
        self.most, self.seconds, self.asked, self.looks = 0, 0.0, 0, 0
        keys = [hashlib.sha256(b"%d" % number).digest() for number in range(count)]
        self.key = keys[0]
        self.spectra: NDArray[np.complex64] = np.array(
            [key_ranking.compute_pattern_spectrum(key) for key in keys]
        )

    def __len__(self) -> int:
        return len(self.spectra)

    def choose_keys(self, contrast: Cells) -> dict[str, bytes]:
        """Return the right key if fewer than `most` stand out more."""
        began = time.process_time()
        scores = key_ranking.rank_spectra(self.spectra, contrast)
        self.seconds += time.process_time() - began
        self.asked += 1
        self.looks += len(contrast)
        return {RIGHT: self.key} if np.count_nonzero(scores > scores[0]) < self.most else {}


def measure(seconds: float, count: int, ranked: Ranked) -> None:
    """Print one table for clips of this length."""
    heard: Counter[tuple[str, str]] = Counter()
    marked = 0

    for index, clip in enumerate(clips(seconds, count)):
        token = (0x9E3779B9 * (index + 1)) & 0xFFFFFFFF
        output = Output(codec="wav", sample_rate_hz=clip.sound.rate)
        try:
            sound = mark_sound(clip.sound, token=token, key=ranked.key, output=output).sound
        except MarkFailed:
            continue

        marked += 1
        attacked = {name: ATTACKS[name](sound) for name in TRIED}
        attacked["noise 10 dB"] = noise(sound, 10.0)
        for name, heard_sound in attacked.items():
            _read(heard_sound, name, token, ranked, heard)

    columns = ["alone", *map(str, MOST), *SELECTORS]
    print(f"\n{marked} clips of {seconds:g} s\n\n| after | {' | '.join(columns)} |")
    print("| --- " * (len(columns) + 1) + "|")
    for name in (*TRIED, "noise 10 dB"):
        print(f"| {name} | {' | '.join(str(heard[name, column]) for column in columns)} |")


def _read(
    sound: Sound,
    name: str,
    token: int,
    ranked: Ranked,
    heard: Counter[tuple[str, str]],
) -> None:
    alone = detect_any(sound.samples, sound.rate, keys={RIGHT: ranked.key})
    if not _is_right(alone, token):
        return  # no ranking finds what its own key does not

    assert alone is not None
    heard[name, "alone"] += 1
    for ranked.most in MOST:
        found = detect_any(sound.samples, sound.rate, keys=ranked)
        heard[name, str(ranked.most)] += _is_right(found, token)
    for column, share in SELECTORS.items():
        heard[name, column] += alone[1].score * share**0.5 >= SCORE_LEAST


def _is_right(found: tuple[str, DecodedToken] | None, token: int) -> bool:
    return found is not None and found[0] == RIGHT and found[1].token == token


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.key_ranking")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--keys", type=int, default=KEYS)
    chosen = parser.parse_args()

    ranked = Ranked(chosen.keys)
    for seconds in LENGTHS:
        measure(seconds, chosen.count, ranked)
    each = 1000 * ranked.seconds / max(1, ranked.asked)
    looks = ranked.looks / max(1, ranked.asked)
    print(f"\n{chosen.keys} keys: {each:.0f} ms a choice of {looks:.0f} looks")
    return 0


if __name__ == "__main__":
    sys.exit(main())

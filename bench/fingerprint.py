"""Fingerprints: clips found again after handling, false matches, and the cost of a search.

`python -m bench.fingerprint [--count N]` needs ffmpeg. The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from audio.sound import Sound
from bench.attacks import ATTACKS
from bench.corpus import Clip, clips
from bench.table import Row, show
from provenance.fingerprint import blind_index
from provenance.fingerprint.bit_error_rate import LEAST, LIMIT, compare_words
from provenance.fingerprint.subfingerprints import Words, compute_words

KEY = bytes(range(32))
HANDLED = (
    "clean",
    "mp3 64k",
    "aac 96k",
    "opus 24k",
    "mu-law",
    "cut 0.5 s",
    "mp3 32k",
    "opus 16k",
    "noise 20 dB",
)
REQUIRED = ("mp3 64k", "aac 96k", "opus 24k", "mu-law", "mp3 32k")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of one handled clip.

    `proposed` is whether the index proposed it, `errors` is the share of differing bits there, and
    `is_same` says whether the two were taken for one recording.
    """

    proposed: bool
    errors: float
    is_same: bool


def compute_words_of_sound(sound: Sound) -> Words:
    return compute_words(sound.samples, sound.rate)


class Filed:
    """All clips in an index of terms, as the database holds it."""

    def __init__(self, every: list[Words]) -> None:
        self.words = every
        self._places: dict[int, list[tuple[int, int]]] = {}
        for number, one in enumerate(every):
            for row in blind_index.build_term_rows(number, one, KEY):
                self._places.setdefault(row.term, []).append((number, row.place))

    def search(self, heard: Words) -> dict[int, float]:
        """Return the share of differing bits by clip, for the clips that the index proposes.

        It is 1 or more where a clip is no match.
        """
        terms = dict(blind_index.compute_terms(heard, KEY))
        rows = [
            (number, term, place) for term in terms for number, place in self._places.get(term, ())
        ]
        found = {}
        for hit in blind_index.rank_candidates(rows, terms):
            likeness = compare_words(heard, self.words[hit.fingerprint_id], shift=hit.shift)
            found[hit.fingerprint_id] = likeness.errors + (0 if likeness.is_close else 1)

        return found


def handled(chosen: list[Clip], filed: Filed) -> Iterable[Row]:
    for name in HANDLED:
        rows = []
        for number, clip in enumerate(chosen):
            found = filed.search(compute_words_of_sound(ATTACKS[name](clip.sound)))
            value = found.get(number)
            rows.append(
                Found(
                    proposed=value is not None,
                    errors=(value or 0) % 1,
                    is_same=value is not None and value < 1,
                )
            )

        told, proposed = sum(row.is_same for row in rows), sum(row.proposed for row in rows)
        errors = sorted(row.errors for row in rows if row.proposed)
        bits = f"bits differing median {median(errors):.3f}, max {errors[-1]:.3f}"
        measured = f"{told} of {len(rows)}; proposed {proposed}; {bits}"
        met = told == len(rows) if name in REQUIRED else None
        yield Row(
            name=f"found after {name}",
            measured=measured,
            wanted="all" if name in REQUIRED else "",
            met=met,
        )


def strangers(chosen: list[Clip], every: list[Words]) -> Iterable[Row]:
    """Yield how many pairs of different clips are taken for each other, at any shift."""
    pairs = list(combinations(zip(chosen, every, strict=True), 2))
    least = [_least(one, two) for (first, one), (second, two) in pairs if not _same(first, second)]
    false = sum(value < LIMIT for value in least)
    bits = f"bits differing min {min(least):.3f}, 1st percentile {np.percentile(least, 1):.3f}"
    measured = f"{false} of {len(least)} pairs; {bits}"
    yield Row(name="strangers taken for each other", measured=measured, wanted="0", met=false == 0)
    again = [_least(one, two) for (first, one), (second, two) in pairs if _same(first, second)]
    same = sum(value < LIMIT for value in again)
    yield Row(
        name="one voice saying one sentence again",
        measured=f"{same} of {len(again)} pairs taken for each other",
    )


def _least(one: Words, two: Words) -> float:
    shifts = range(LEAST - two.size, one.size - LEAST + 1)
    return min(
        (compare_words(one, two, shift=shift, around=0).errors for shift in shifts), default=1.0
    )


def _same(first: Clip, second: Clip) -> bool:
    """Return whether two clips are of one voice and sentence, at any length, speed or rate."""
    return _voice(first) == _voice(second)


def _voice(clip: Clip) -> str:
    """Return the name of the recording, or of the synthetic voice, which has one sentence."""
    # `kal` and `kal16` of flite are one voice.
    return (
        clip.name.rpartition(".")[0]
        if clip.human
        else clip.name.rpartition("-")[0].replace("kal16", "kal")
    )


def costs(chosen: list[Clip], filed: Filed) -> Iterable[Row]:
    began = time.process_time()
    every = [compute_words_of_sound(clip.sound) for clip in chosen]
    making = (time.process_time() - began) / sum(clip.sound.seconds for clip in chosen)
    yield Row(name="making one", measured=f"{1000 * making:.2f} ms of processor a second of sound")
    began = time.process_time()
    for one in every:
        filed.search(one)

    yield Row(
        name="searching, without the database",
        measured=f"{1000 * (time.process_time() - began) / len(every):.2f} ms",
    )
    terms = sum(len(blind_index.build_term_rows(0, one, KEY)) for one in every)
    yield Row(
        name="rows in the index",
        measured=f"{terms / len(every):.0f} a clip, at most {blind_index.MOST_TERMS}",
    )


def main() -> int:
    """Measure clips of 5, 8 and 12 s and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.fingerprint")
    parser.add_argument("--count", type=int, default=40, help="clips of each length")
    count = parser.parse_args().count
    chosen = [clip for seconds in (5.0, 8.0, 12.0) for clip in clips(seconds, count)]
    filed = Filed([compute_words_of_sound(clip.sound) for clip in chosen])
    table = [
        Row(
            name="clips",
            measured=f"{len(chosen)} of {min(c.sound.seconds for c in chosen):.1f} s and more",
        ),
        *handled(chosen, filed),
        *strangers(chosen, filed.words),
        *costs(chosen, filed),
    ]
    print(show(table))
    return int(any(row.met is False for row in table))


if __name__ == "__main__":
    sys.exit(main())

"""Similarity of different people's voices: where one clone in 100 raises a false alarm among 1,000.

`python -m bench.voice_likeness [FOLDER]` reads a folder for each person, with one in it for each
occasion of recording. Folders that may be of one person share the name before a `~`, and such pairs
are not counted. Without FOLDER it measures the few recordings of the tests, which prove nothing
about a tail.

Both sides are pieces of 5 or 10 s of speech. One alarm in 100 clones with 1,000 voices is a rate of
1e-5 a pair, far beyond the number of pairs. So the upper tail is fitted twice: by a normal
distribution of Fisher's z, and by a generalised Pareto distribution of its highest twentieth
(probability-weighted moments, Hosking and Wallis 1987). The upper bounds come from resampling the
people and not the pairs, because pairs with a person in common are not independent.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Final

import django
import numpy as np
import soundfile
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from audio.sound import Sound
from bench.corpus import RECORDINGS
from bench.table import Row, show
from voices.sample_checks import recording_quality, voice_activity, voice_embedding
from voices.sample_checks.speaker_similarity import Voiceprint
from voices.sample_checks.voice_embedding import RESEMBLES, TELEPHONE_RESEMBLES, Embedding

PER_PAIR: Final = 1e-5
VOICES: Final = 1_000
SECONDS: Final = (5.0, 10.0)
MOST_PIECES: Final = 6
TAIL: Final = 0.05
DRAWS: Final = 300
KINDS: Final = frozenset({".wav", ".flac", ".ogg", ".mp3"})

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Some seconds of one person's speech on one occasion, with their embedding."""

    person: str
    occasion: str
    voice: Embedding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Fisher's z of every pair of pieces, where `first` and `second` number the people."""

    z: Real
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    people: int


def cut_pieces(folder: Path, seconds: float) -> list[Piece]:
    """Cut every occasion of every person into pieces of this much speech."""
    found = []
    for occasion in sorted(folder.glob("*/*/")):
        found += _pieces(occasion.parent.name, occasion.name, sorted(occasion.iterdir()), seconds)

    return found


def readings(seconds: float) -> list[Piece]:
    """Cut the recordings of the tests: two people, with one occasion each."""
    here = (("austen", "librivox-*.wav"), ("cards", "pocketsphinx-*.flac"))
    return [
        one
        for person, names in here
        for one in _pieces(person, "here", sorted(RECORDINGS.glob(names)), seconds)
    ]


def _pieces(person: str, occasion: str, files: Sequence[Path], seconds: float) -> list[Piece]:
    parts, rate = _read_speech(files, most=MOST_PIECES * seconds)
    found = []

    for part in _cut(parts, seconds):
        band = min(recording_quality.measure_bandwidth(part), rate // 2)
        heard = Voiceprint(name=person, speech=part, snr_db=0.0, bandwidth_hz=band)
        found.append(
            Piece(
                person=person,
                occasion=occasion,
                voice=voice_embedding.pool_voiceprints([heard]),
            )
        )

    return found


def _read_speech(files: Sequence[Path], *, most: float) -> tuple[list[Sound], int]:
    """Return about `most` seconds of speech of these files, and the lowest of their rates."""
    parts: list[Sound] = []
    rate = voice_activity.RATE

    for path in files:
        if path.suffix.lower() in KINDS and sum(part.seconds for part in parts) < most:
            samples, found = soundfile.read(path, dtype="float32", always_2d=True)
            parts.append(
                voice_activity.detect_speech(
                    Sound(np.ascontiguousarray(samples.mean(axis=1)), found)
                ).speech
            )
            rate = min(rate, found)

    return parts, rate


def _cut(parts: Sequence[Sound], seconds: float) -> Iterator[Sound]:
    if not parts:
        return

    whole = np.concatenate([part.samples for part in parts])
    size = round(seconds * voice_activity.RATE)
    for number in range(min(MOST_PIECES, len(whole) // size)):
        yield Sound(
            np.ascontiguousarray(whole[number * size : (number + 1) * size]), voice_activity.RATE
        )


def strangers(pieces: Sequence[Piece], *, narrow: bool) -> Pairs:
    """Return every pair of pieces of two people who cannot be the same person."""
    names = sorted({piece.person for piece in pieces})
    number = np.array([names.index(piece.person) for piece in pieces])
    group = np.array([piece.person.partition("~")[0] for piece in pieces])
    matrix = np.stack(
        [piece.voice.narrow if narrow else piece.voice.wide for piece in pieces]
    ).astype(np.float64)
    rows, columns = np.triu_indices(len(pieces), 1)
    apart = group[rows] != group[columns]
    rows, columns = rows[apart], columns[apart]
    cosines = np.einsum("ij,ij->i", matrix[rows], matrix[columns])
    return Pairs(z=_fisher(cosines), first=number[rows], second=number[columns], people=len(names))


def same(pieces: Sequence[Piece], *, narrow: bool, occasions: bool) -> Real:
    """Return the cosines of one person's pieces, of two occasions or of one."""
    return np.array(
        [
            float(
                (one.voice.narrow @ two.voice.narrow)
                if narrow
                else (one.voice.wide @ two.voice.wide)
            )
            for place, one in enumerate(pieces)
            for two in pieces[place + 1 :]
            if one.person == two.person and (one.occasion != two.occasion) is occasions
        ]
    )


def normal_limit(z: Real) -> float:
    """Return the z that a normal distribution exceeds at the wanted rate."""
    return float(z.mean() + z.std() * NormalDist().inv_cdf(1 - PER_PAIR))


def pareto_limit(z: Real) -> float:
    """Return the z that a generalised Pareto tail exceeds at the wanted rate."""
    start = float(np.quantile(z, 1 - TAIL))
    above = np.sort(z[z > start] - start)
    mean = float(above.mean())
    weights = 1 - (np.arange(1, len(above) + 1) - 0.35) / len(above)
    weighted = float((weights * above).mean())
    shape = 2 - mean / (mean - 2 * weighted)
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    rarer = len(above) / len(z) / PER_PAIR
    grown = np.log(rarer) if abs(shape) < 1e-6 else (rarer**shape - 1) / shape
    return float(start + scale * grown)


def bound(pairs: Pairs, limit: Callable[[Real], float], *, random: np.random.Generator) -> float:
    """Return the limit that 95 of 100 resamplings of as many people stay below."""
    order = np.argsort(pairs.z)
    found = []

    for _ in range(DRAWS):
        times = np.bincount(random.integers(0, pairs.people, pairs.people), minlength=pairs.people)
        repeated = np.repeat(order, (times[pairs.first] * times[pairs.second])[order])
        found.append(limit(pairs.z[repeated]))

    return float(np.quantile(found, 0.95))


def _fisher(cosines: Real) -> Real:
    return np.asarray(np.arctanh(np.clip(cosines, -0.999999, 0.999999)), dtype=np.float64)


def measured(pieces: Sequence[Piece], *, narrow: bool, chosen: float) -> Iterable[Row]:
    """Yield the rows of one band: strangers, both fits, and false and missed alarms at `chosen`."""
    pairs = strangers(pieces, narrow=narrow)
    if len(pairs.z) < 100:
        yield Row(name="pairs of strangers", measured=f"{len(pairs.z)}: too few to fit anything")
        return

    cosines = np.tanh(pairs.z)
    people = f"{pairs.people} people, {len(pieces)} pieces, {len(pairs.z)} pairs"
    spread = f"mean {cosines.mean():.3f}, 99 % {np.quantile(cosines, 0.99):.3f}, "
    yield Row(
        name="strangers",
        measured=(
            f"{people}; {spread}99.9 % {np.quantile(cosines, 0.999):.3f}, max {cosines.max():.3f}"
        ),
    )

    for name, limit in (("normal", normal_limit), ("Pareto", pareto_limit)):
        upper = bound(pairs, limit, random=np.random.default_rng(1))
        value = f"{np.tanh(limit(pairs.z)):.3f}, upper bound {np.tanh(upper):.3f} (95 %)"
        yield Row(name=f"likeness at 1e-5, {name}", measured=value)

    observed = float((cosines >= chosen).mean())
    fitted = 1 - NormalDist(float(pairs.z.mean()), float(pairs.z.std())).cdf(
        float(np.arctanh(chosen))
    )
    alarms = f"{VOICES * fitted:.4f} by the normal fit, {VOICES * observed:.4f} as observed"
    yield Row(
        name=f"alarms a clone with {VOICES:,} voices at {chosen}", measured=alarms, wanted="0.01"
    )

    for name, occasions in (("one occasion", False), ("two occasions", True)):
        own = same(pieces, narrow=narrow, occasions=occasions)
        if len(own):
            missed = (
                f"{np.mean(own < chosen):.3f} of {len(own)}; mean {own.mean():.3f}, min "
                f"{own.min():.3f}"
            )
            yield Row(name=f"missed, one person, {name}", measured=missed)


def main() -> int:
    """Measure people in the full band, and all people in the band of a telephone."""
    parser = argparse.ArgumentParser(prog="python -m bench.voice_likeness")
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder

    for seconds in SECONDS:
        every = cut_pieces(folder, seconds) if folder else readings(seconds)
        full = [piece for piece in every if not piece.voice.telephone]
        print(
            f"\nPieces of {seconds:.0f} s, full "
            f"band\n\n{show(measured(full, narrow=False, chosen=RESEMBLES))}"
        )
        print(
            "\nThe same through a telephone\n\n"
            f"{show(measured(every, narrow=True, chosen=TELEPHONE_RESEMBLES))}"
        )

    return 0


if __name__ == "__main__":
    sys.exit(main())

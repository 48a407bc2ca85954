"""A second reader of the watermark, written from docs/watermark.md alone: nothing of the package is
used.

`python -m tests.support.second_reader KEYHEX FILE` (16 kHz, mono, a minute at most) says
what it reads.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.support.second_reader_code import (
    CELLS,
    Floats,
    agreement_of,
    message_in,
    shuffled,
    signs,
)
from tests.support.second_reader_sound import (
    BANDS,
    GRIDS,
    as_telephones_leave,
    averaged,
    contrasts,
    echo_in,
    loudest,
    without,
)

SLOTS = 85


@dataclass(frozen=True)
class Found:
    token: int
    score: float
    identity: int | None


def folded(contrast: Floats) -> Floats:
    rows = np.zeros((math.ceil(len(contrast) / SLOTS) * SLOTS, BANDS))
    rows[: len(contrast)] = contrast
    return np.asarray(rows.reshape(-1, SLOTS, BANDS).sum(axis=0))


def stretches(frames: int, *, cut: bool) -> list[slice]:
    """The frames to fold together: all of them, and in long clips runs of five periods, three
    apart.

    `cut`: runs of two periods, one apart, where there are three periods and more. Of these all is
    not asked itself.
    """
    periods = math.ceil(frames / SLOTS)
    size, apart, least = (2, 1, 3) if cut else (5, 3, 9)
    firsts = range(0, periods - size + apart, apart) if periods >= least else []
    return [slice(0, frames)] + [slice(first * SLOTS, (first + size) * SLOTS) for first in firsts]


def level_of_bands(cells: Floats) -> Floats:
    return np.repeat(cells.mean(axis=0)[None], SLOTS, axis=0)


def grouped(values: Floats, group: list[int], count: int) -> Floats:
    return np.asarray(np.bincount(group, values.ravel(), minlength=count)[:count])


def softened(cells: Floats, squares: Floats, chip: Floats, group: list[int], count: int) -> Floats:
    noise = grouped(squares, group, count).mean()
    return np.asarray(grouped(chip * cells.ravel(), group, count) / math.sqrt(noise))


@dataclass(frozen=True)
class Keyed:
    """The pattern of a key. `sync` has one column for each start slot."""

    key: bytes
    chip: Floats
    group: list[int]
    coded: NDArray[np.bool_]
    sync: Floats


def keyed_by(key: bytes) -> Keyed:
    chip, known = signs(key, "chips", CELLS), signs(key, "sync", 24)
    group, pattern = [0] * CELLS, np.zeros(CELLS)
    for at, cell in enumerate(shuffled(key, "permutation")):
        group[cell] = 112 + at % 24 if at < 480 else (at - 480) % 112
        pattern[cell] = known[at % 24] * chip[cell] if at < 480 else 0.0
    turned = [
        np.roll(pattern.reshape(SLOTS, BANDS), start, axis=0).ravel() for start in range(SLOTS)
    ]
    return Keyed(key, chip, group, np.array(group) < 112, np.array(turned).T)


@dataclass(frozen=True)
class Fold:
    """Folded contrasts and their squares, and those of the whole clip on the same grid."""

    cells: Floats
    squares: Floats
    whole: tuple[Floats, Floats]


@dataclass(frozen=True)
class Place:
    """A fold, the slot in which the pattern begins there, and how clearly it speaks."""

    fold: Fold
    start: int
    clearness: float

    def turned(self, field: Floats) -> Floats:
        return np.roll(field, -self.start, axis=0)


def read(samples: Floats, key: bytes) -> Found | None:
    """What is in a clip of 16 kHz and up to a minute: steps 1 to 8."""
    keyed, plain, piece = keyed_by(key), contrasts(samples), loudest(samples)
    found = decode(clearest(folds(plain), keyed), keyed)
    found = found or decode(clearest(folds(as_telephones_leave(plain)), keyed), keyed)
    if found is None and (echo := echo_in(piece)):
        found = decode(clearest(folds(contrasts(without(samples, *echo))), keyed), keyed)
    found = found or read_at_other_paces(piece, keyed)
    return found or decode(clearest(folds(plain, cut=True), keyed), keyed)


def folds(contrast: Floats, *, cut: bool = False) -> list[Fold]:
    """Every stretch of every grid."""
    found = []
    for offset in range(GRIDS):
        frames = contrast[offset::GRIDS]
        pairs = [
            (folded(frames[part]), folded(frames[part] ** 2))
            for part in stretches(len(frames), cut=cut)
        ]
        found += [Fold(*pair, whole=pairs[0]) for pair in (pairs[1:] if cut else pairs)]
    return found


def clearest(found: list[Fold], keyed: Keyed) -> list[Place]:
    """The four places that speak most clearly."""
    if not found:
        return []
    agreement = []
    for fold in found:
        even = (fold.cells - level_of_bands(fold.cells)).ravel()
        agreement.append(even @ keyed.sync / math.sqrt(480 / CELLS * (even @ even)))
    best = np.argsort(-np.concatenate(agreement))[:32]
    places = [place_at(found[at // SLOTS], int(at % SLOTS), keyed) for at in best.tolist()]
    return sorted(
        (place for place in places if place.clearness >= 5.0), key=lambda one: -one.clearness
    )[:4]


def place_at(fold: Fold, start: int, keyed: Keyed) -> Place:
    even = np.roll(fold.cells - level_of_bands(fold.cells), -start, axis=0).ravel()
    agreement = float(even @ keyed.sync[:, 0]) / math.sqrt(480 / CELLS * float(even @ even))
    sums = grouped(keyed.chip * even, keyed.group, 112)
    lean = (float(sums @ sums) / float(np.square(even[keyed.coded]).sum()) - 1) * math.sqrt(112 / 2)
    return Place(fold, start, agreement + lean)


def decode(places: list[Place], keyed: Keyed) -> Found | None:
    """What is believed of the four clearest places."""
    softs = []
    for place in places:
        cells, squares = place.turned(place.fold.cells), place.turned(place.fold.squares)
        plain = softened(cells, squares, keyed.chip, keyed.group, 112)
        means = softened(level_of_bands(cells), squares, keyed.chip, keyed.group, 112)
        tried = [plain - quarter / 4 * means for quarter in range(5)]
        softs.append(
            (
                max(
                    tried, key=lambda soft: np.abs(soft).mean() / math.sqrt(np.square(soft).mean())
                ),
                place,
            )
        )
    for soft, place in sorted(softs, key=lambda one: -agreement_of(one[0]))[:2]:
        if said := message_in(soft, keyed.key, "whitening"):
            cells, squares = (place.turned(field) for field in place.fold.whole)
            return Found(*said, identity_in(cells, squares, keyed.key))
    return None


def read_at_other_paces(piece: Floats, keyed: Keyed) -> Found | None:
    """Step 7, speeds and tempos. A pace is speed times tempo, a place a multiple of 24 samples."""
    step = 0.02 / max(1.0, piece.size / 16_000)
    asked = [(1.0, 1.0 + share) for share in shares(0.06, step)]
    asked += [(1.0 + 0.02 * round(share / 0.02), 1.0 + share) for share in shares(0.025, step)]
    heard = {scale: averaged(contrasts(piece, scale), 2) for scale in {scale for scale, _ in asked}}
    found, where = [], {}
    for scale, pace in asked:
        hop, last = GRIDS / pace, len(heard[scale]) - 1
        begins = np.rint(hop * np.arange(int((last - 6) / hop) + 1)).astype(int)
        for offset in (0, 2, 4, 6):
            fold = fold_of(heard[scale][begins + offset])
            where[id(fold)] = (scale, pace, offset)
            found.append(fold)
    near = [
        sharpened(place, heard, where[id(place.fold)], step, keyed)
        for place in clearest(found, keyed)
    ]
    read = decode(near, keyed)
    return None if read is None else Found(read.token, read.score, None)


def shares(limit: float, step: float) -> list[float]:
    """Multiples of the step, on both sides of zero, up to the first that reaches the limit."""
    count = math.ceil(limit / step)
    return [step * index for index in range(-count, count + 1) if index]


def fold_of(frames: Floats) -> Fold:
    cells, squares = folded(frames), folded(frames**2)
    return Fold(cells, squares, whole=(cells, squares))


def sharpened(
    place: Place,
    heard: dict[float, Floats],
    where: tuple[float, float, int],
    step: float,
    keyed: Keyed,
) -> Place:
    """The clearest of the neighbours of a place: up to half a step away, and 24 samples to both
    sides.
    """
    scale, pace, offset = where
    contrast, tried = heard[scale], []
    for share in (quarter * step / 4 for quarter in (-2, -1, 0, 1, 2)):
        for moved in (-1, 0, 1):
            slots, first = divmod(round(offset + len(contrast) / 2 * share) + moved, GRIDS)
            hop = GRIDS / (pace * (1 + share))
            begins = np.rint(
                first + hop * np.arange(int((len(contrast) - 1 - first) / hop) + 1)
            ).astype(int)
            tried.append(place_at(fold_of(contrast[begins]), (place.start + slots) % SLOTS, keyed))
    return max(tried, key=lambda one: one.clearness)


def identity_in(cells: Floats, squares: Floats, key: bytes) -> int | None:
    group = [0] * CELLS
    for place, cell in enumerate(shuffled(key, "identity permutation")):
        group[cell] = place % 304
    soft = softened(cells, squares, signs(key, "identity chips", CELLS), group, 304)
    said = message_in(soft, key, "identity whitening")
    return said[0] if said else None


if __name__ == "__main__":
    sound, rate = soundfile.read(sys.argv[2], dtype="float64")
    assert rate == 16_000, "resample to 16 kHz first"
    sys.stdout.write(f"{read(sound, bytes.fromhex(sys.argv[1]))}\n")

"""From folded cells to a token: where the pattern starts, soft values, decoding, and what is believed.

Whatever the sound is, a wrong message passes the CRC once in 2^24: the whitening is 56 random bits of the key that
nothing else depends on, so a decoded message is uniform to whoever does not know the key. Callers bound how many
messages they decode for one answer; the number decoded over 2^24 bounds the rate of false answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import code
from provenance.watermark.ground import Cells
from provenance.watermark.layout import Layout, layout_of
from provenance.watermark.scheme import SPEECH_1, Bits, Matrix, Scheme, Vector

SCORE_LEAST: Final = 0.70  # half of the wrong messages reach it (median 0.70, 99th percentile 0.89 of 4,200 readings)
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A token that was read, and how clearly: the mean soft value of its coded bits in units of their noise.

    `speed` and `tempo` are those at which the clip is played (`ground.Pace`); 1.0 where it was not changed.
    `identity` is what a long clip carries besides, if that was read too.
    """

    token: int
    score: float
    speed: float = 1.0
    tempo: float = 1.0
    identity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Contrast and its square, summed over the periods of each look at a clip; shape (looks, slots, bands).

    `windows`: so many looks belong to one alignment, the first of them at the whole clip.
    """

    contrast: Cells
    square: Cells
    windows: int = 1


def rows_of(frames: Cells, scheme: Scheme = SPEECH_1) -> Cells:
    """Frames in rows of one period each, the last one filled up; shape (periods, slots, bands)."""
    count = -(-len(frames) // scheme.slots)
    padded = np.zeros((count * scheme.slots, scheme.bands), dtype=np.float32)
    padded[: len(frames)] = frames
    return padded.reshape(count, scheme.slots, scheme.bands)


def stacked(looks: list[Cells], *, windows: int = 1) -> Folded:
    """Looks, each in rows of periods, folded: shape of a look (periods, slots, bands)."""
    return Folded(
        contrast=np.array([look.sum(axis=0) for look in looks]),
        square=np.array([np.square(look).sum(axis=0) for look in looks]),
        windows=windows,
    )


def sync(folded: Folded, layout: Layout) -> Matrix:
    """How far the sync cells agree, in standard deviations, for every look and every start slot.

    The spread is that of all cells: sync cells are a random tenth of them.
    """
    looks, slots, bands = folded.contrast.shape
    agree = folded.contrast.reshape(looks, slots * bands) @ _turned_pattern(layout)
    share = np.count_nonzero(layout.sync_pattern) / (slots * bands)
    spread = np.sqrt(share * folded.square.sum(axis=(1, 2), dtype=np.float64) + TINY)
    score: Matrix = agree / spread[:, None]
    return score


@lru_cache(maxsize=8)
def _turned(pattern: bytes, slots: int, bands: int) -> Cells:
    sync_pattern = np.frombuffer(pattern, dtype=np.float64).reshape(slots, bands)
    turned = np.array([np.roll(sync_pattern, start, axis=0).ravel() for start in range(slots)], dtype=np.float32)
    return np.ascontiguousarray(turned.T)


def _turned_pattern(layout: Layout) -> Cells:
    """The sync pattern at every start slot; shape (cells, slots)."""
    return _turned(layout.sync_pattern.tobytes(), *layout.sync_pattern.shape)


def soft_values(folded: Folded, layout: Layout, look: int, start: int, scheme: Scheme = SPEECH_1) -> Vector:
    """Soft values of the coded bits when the pattern starts at slot `start`, in units of their noise."""
    contrast = np.roll(folded.contrast[look], -start, axis=0)
    square = np.roll(folded.square[look], -start, axis=0)
    group = layout.group.ravel()
    total = np.bincount(group, (layout.chip * contrast).ravel(), minlength=scheme.groups)[: scheme.coded_bits]
    noise = np.bincount(group, square.ravel(), minlength=scheme.groups)[: scheme.coded_bits]
    values: Vector = total / np.sqrt(noise.mean() + TINY)
    return values


def decoded(soft: Matrix, key: bytes) -> list[Reading | None]:
    """What each row of soft values says, None where the CRC does not agree."""
    layout = layout_of(key)
    return [_checked(row, message, layout) for row, message in zip(soft, code.decode(soft), strict=True)]


def best_places(agreement: Matrix, *, least: float, most: int) -> list[tuple[int, int]]:
    """The `most` pairs of look and start slot that agree best, by at least `least` standard deviations."""
    size = agreement.size
    best: NDArray[np.intp] = np.argpartition(agreement, size - min(most, size), axis=None)[-most:]
    best = best[np.argsort(agreement.flat[best])[::-1]]
    slots = agreement.shape[1]
    return [divmod(int(index), slots) for index in best if agreement.flat[index] >= least]


def _checked(soft: Vector, message: Bits, layout: Layout, scheme: Scheme = SPEECH_1) -> Reading | None:
    """A decoded message as a reading, when its CRC agrees and it explains enough of what was heard."""
    bits = message ^ layout.whitening
    token, check = bits[: scheme.token_bits], bits[scheme.token_bits :]
    if not np.array_equal(code.crc24(token), check):
        return None
    score = float(soft @ code.encode(message)) / scheme.coded_bits
    return Reading(token=code.pack(token), score=score) if score >= SCORE_LEAST else None

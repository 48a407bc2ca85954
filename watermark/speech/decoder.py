"""From folded cells to a token: where the pattern starts, soft values, decoding, and what is
believed.

The pattern's start is looked for in three steps, each clearer and dearer than the one before: by
the sync cells, by how far the coded groups lean to either side, and by how well a decoded message
explains what was heard. Only what comes out best is asked for its CRC.

Whatever the sound is, a wrong message passes the CRC once in 2^24: the whitening is 56 random bits
of the key that nothing else depends on, none of the three steps either, so a decoded message is
uniform to whoever does not know the key. Callers bound how many messages they ask for one answer;
that number over 2^24 bounds the rate of false answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech import error_correction
from watermark.speech.feature_grid import Cells
from watermark.speech.keyed_pattern import Layout, build_layout
from watermark.speech.parameters import SPEECH_1, Bits, Matrix, Scheme, Vector

# half of the wrong messages reach it (median 0.70, 99th percentile 0.89 of 4,200 readings)
SCORE_LEAST: Final = 0.70
TINY: Final = 1e-9
# Of 144 unmarked clips the best place has 4.2 to 7.8, of all marked ones read 6.7 and more.
CLEARNESS_LEAST: Final = 5.0
LOOKS_AT_ONCE: Final = 64  # 1 MB of contrasts
LISTED: Final = 32  # places that agree best by their sync cells ...
DECODED: Final = 4  # ... of which those are decoded whose cells all together speak most clearly ...
MEAN_SHARES: Final = np.linspace(0.0, 1.0, 5)  # of the bands' means, tried by `compute_even_values`
CHECKED: Final = 2  # ... and those believed, if their CRC agrees, whose message explains most


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedToken:
    """A token that was read, and how clearly: the mean soft value of its coded bits in units of
    their noise.

    `speed` and `tempo` are those at which the clip is played (`ground.Pace`); 1.0 where it was not
    changed. Their product is dependable; about 1 % of speed passes for tempo at times. `identity`
    is what a long clip carries besides, if that was read too.
    """

    token: int
    score: float
    speed: float = 1.0
    tempo: float = 1.0
    identity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Contrast and its square, summed over the periods of each look at a clip; shape (looks, slots,
    bands).

    `windows`: so many looks belong to one alignment, the first of them at the whole clip.
    """

    contrast: Cells
    square: Cells
    windows: int = 1


def split_periods(frames: Cells, scheme: Scheme = SPEECH_1) -> Cells:
    """Frames in rows of one period each, the last one filled up; shape (…, periods, slots,
    bands).
    """
    *grids, length, bands = frames.shape
    count = -(-length // scheme.slots)
    padded = np.zeros((*grids, count * scheme.slots, bands), dtype=np.float32)
    padded[..., :length, :] = frames
    return padded.reshape(*grids, count, scheme.slots, bands)


def stack_looks(looks: list[Cells], *, windows: int = 1) -> Folded:
    """Looks, each in rows of periods, folded: shape of a look (periods, slots, bands)."""
    return Folded(
        contrast=np.array([look.sum(axis=0) for look in looks]),
        square=np.array([np.square(look).sum(axis=0) for look in looks]),
        windows=windows,
    )


def score_sync(contrast: Cells, layout: Layout) -> Matrix:
    """How far the sync cells of folded contrasts agree, in standard deviations, for every look and
    every start slot.

    The spread is that of all cells: sync cells are a random tenth of them.
    """
    rows = contrast.reshape(len(contrast), -1)
    share = np.count_nonzero(layout.sync_pattern) / rows.shape[1]
    spread = np.sqrt(share * np.square(rows).sum(axis=1, dtype=np.float64) + TINY)
    score: Matrix = rows @ _get_turned_pattern(layout) / spread[:, None]
    return score


def centre_bands(contrast: Cells) -> Cells:
    """Folded contrasts without each band's mean.

    Loud cells stand out from their neighbours and weigh more, so the mean is above 0 and grows with
    every period that is folded. Where a pattern is in place the writer has made up for it; anywhere
    else it would pass for a lean.
    """
    level: Cells = contrast - contrast.mean(axis=-2, keepdims=True)
    return level


@lru_cache(maxsize=8)
def _turn_pattern(pattern: bytes, slots: int, bands: int) -> Cells:
    sync_pattern = np.frombuffer(pattern, dtype=np.float64).reshape(slots, bands)
    turned = np.array(
        [np.roll(sync_pattern, start, axis=0).ravel() for start in range(slots)], dtype=np.float32
    )
    return np.ascontiguousarray(turned.T)


def _get_turned_pattern(layout: Layout) -> Cells:
    """The sync pattern at every start slot; shape (cells, slots)."""
    return _turn_pattern(layout.sync_pattern.tobytes(), *layout.sync_pattern.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """The coded cells of a layout, group by group."""

    cells: NDArray[np.intp]
    chips: Cells
    firsts: NDArray[np.intp]  # where each group begins
    coded: Cells  # 1 for a coded cell, 0 for a sync cell; in the order of the layout

    def sums(self, contrast: Cells) -> Vector:
        """What each coded group says, of the cells of one period in a row; shape (…, cells) to (…,
        groups).
        """
        said = np.add.reduceat(contrast[..., self.cells] * self.chips, self.firsts, axis=-1)
        return said.astype(np.float64)


@lru_cache(maxsize=16)
def _build_order(key: bytes, scheme: Scheme = SPEECH_1) -> _Order:
    layout = build_layout(key)
    group = layout.group.ravel()
    cells = np.argsort(group, kind="stable")[: np.count_nonzero(group < scheme.coded_bits)]
    return _Order(
        cells=cells,
        chips=layout.chip.ravel()[cells].astype(np.float32),
        firsts=np.searchsorted(group[cells], np.arange(scheme.coded_bits)),
        coded=(group < scheme.coded_bits).astype(np.float32),
    )


def compute_soft_values(
    folded: Folded, key: bytes, look: int, start: int, scheme: Scheme = SPEECH_1
) -> Vector:
    """Soft values of the coded bits when the pattern starts at slot `start`, in units of their
    noise.
    """
    order = _build_order(key, scheme)
    noise = float(turn_cells(folded.square[look], start) @ order.coded) / scheme.coded_bits
    values: Vector = order.sums(turn_cells(folded.contrast[look], start)) / np.sqrt(noise + TINY)
    return values


def turn_cells(cells: Cells, start: int) -> Cells:
    """The cells of one period in a row, those of slot `start` first."""
    return np.concatenate([cells[start:], cells[:start]]).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place where the pattern may start, and how clearly all groups speak there."""

    look: int
    start: int
    clearness: float  # standard deviations


def find_candidates(contrast: Cells, key: bytes) -> list[Candidate]:
    """The places that speak most clearly, the clearest first; none when none speaks clearly enough
    to be read.
    """
    layout, looks = build_layout(key), len(contrast)
    parts = [contrast[first : first + LOOKS_AT_ONCE] for first in range(0, looks, LOOKS_AT_ONCE)]
    agreement = np.concatenate([score_sync(centre_bands(part), layout) for part in parts])
    places = find_best_places(agreement, least=0.0, most=LISTED)
    clear = [
        one for one in weigh_candidates(contrast, key, places) if one.clearness >= CLEARNESS_LEAST
    ]
    return sorted(clear, key=lambda one: -one.clearness)[:DECODED]


def weigh_candidates(
    contrast: Cells, key: bytes, places: Sequence[tuple[int, int]], scheme: Scheme = SPEECH_1
) -> list[Candidate]:
    """Places, each a look and a start slot.

    Where the pattern is in place every coded group leans to one side.

    Which side does not matter, so squared sums tell the place without the message (the energy
    detector of communications), and better than the sync cells: after a change of tempo 7 to 15
    standard deviations against 2 to 7 (16 clips of 8 s). They are compared with the folded cells
    themselves, which a mark makes louder wherever its pattern is thought to start.
    """
    if not places:
        return []
    order, level = _build_order(key, scheme), centre_bands(contrast[[look for look, _ in places]])
    cells = np.array(
        [turn_cells(one, start) for one, (_, start) in zip(level, places, strict=True)]
    )
    power = np.square(cells)
    sums = order.sums(cells)
    lean = (np.square(sums).sum(axis=1) / (power @ order.coded + TINY) - 1.0) * np.sqrt(
        scheme.coded_bits / 2.0
    )
    spread = np.sqrt(scheme.sync_cells / scheme.cells * power.sum(axis=1, dtype=np.float64) + TINY)
    clearness = cells @ build_layout(key).sync_pattern.ravel() / spread + lean
    return [
        Candidate(look=look, start=start, clearness=float(each))
        for (look, start), each in zip(places, clearness, strict=True)
    ]


def compute_even_values(
    folded: Folded, key: bytes, look: int, start: int, scheme: Scheme = SPEECH_1
) -> Vector:
    """Soft values less as much of the bands' means as makes all groups speak most equally loud.

    The writer has made up for the means as they were; codings and changes of pace leave more or
    less of them. Wrongly reckoned, they are most of the noise: after a change of tempo the groups'
    spread fell from 1.2 to 0.85 (six clips). All groups were written equally loud, so the right
    share is the one of the most constant modulus (Godard 1980).
    """
    means = np.tile(folded.contrast[look].mean(axis=0), (1, scheme.slots, 1))
    of_means = compute_soft_values(
        Folded(contrast=means, square=folded.square[look : look + 1]), key, 0, 0
    )
    # The means are the same in every slot, so where the pattern starts changes nothing but their
    # noise.
    tried = compute_soft_values(folded, key, look, start) - MEAN_SHARES[:, None] * of_means
    evenness = np.abs(tried).mean(axis=1) / (np.sqrt(np.square(tried).mean(axis=1)) + TINY)
    found: Vector = tried[int(np.argmax(evenness))]
    return found


def read_tokens(soft: Matrix, key: bytes) -> list[tuple[int, DecodedToken]]:
    """The rows of soft values that are believed, with what they say; the clearest first."""
    layout = build_layout(key)
    messages = error_correction.decode_messages(soft)
    explained = np.array(
        [
            row @ error_correction.encode_message(message)
            for row, message in zip(soft, messages, strict=True)
        ]
    )
    explained /= np.linalg.norm(soft, axis=1) + TINY
    best = np.argsort(-explained)[:CHECKED].tolist()
    found = [(row, _check_message(soft[row], messages[row], layout)) for row in best]
    return [(row, reading) for row, reading in found if reading is not None]


def decode_soft_rows(soft: Matrix, key: bytes) -> list[DecodedToken | None]:
    """What each row of soft values says, None where the CRC does not agree."""
    layout = build_layout(key)
    return [
        _check_message(row, message, layout)
        for row, message in zip(soft, error_correction.decode_messages(soft), strict=True)
    ]


def find_best_places(agreement: Matrix, *, least: float, most: int) -> list[tuple[int, int]]:
    """The `most` pairs of look and start slot that agree best, by at least `least` standard
    deviations.
    """
    size = agreement.size
    best: NDArray[np.intp] = np.argpartition(agreement, size - min(most, size), axis=None)[-most:]
    best = best[np.argsort(agreement.flat[best])[::-1]]
    slots = agreement.shape[1]
    return [divmod(int(index), slots) for index in best if agreement.flat[index] >= least]


def _check_message(
    soft: Vector, message: Bits, layout: Layout, scheme: Scheme = SPEECH_1
) -> DecodedToken | None:
    """A decoded message as a reading, when its CRC agrees and it explains enough of what was
    heard.
    """
    bits = message ^ layout.whitening
    token, check = bits[: scheme.token_bits], bits[scheme.token_bits :]
    if not np.array_equal(error_correction.compute_crc24(token), check):
        return None
    score = float(soft @ error_correction.encode_message(message)) / scheme.coded_bits
    return (
        DecodedToken(token=error_correction.pack_bits(token), score=score)
        if score >= SCORE_LEAST
        else None
    )

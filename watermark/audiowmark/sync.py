"""Where blocks begin: the score of every start, coarse on a grid of 256 samples, then refined in
steps of 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import (
    BANDS,
    BLOCK,
    FRAME,
    SYNC_BITS,
    SYNC_FRAMES,
    SYNC_FRAMES_PER_BIT,
    ZERO_DB,
    Matrix,
    Places,
    Samples,
    Vector,
)
from watermark.audiowmark.bit_layout import Tables
from watermark.audiowmark.sliding_stft import compute_sliding_levels
from watermark.audiowmark.stft import compute_levels

COARSE: Final = 256
FINE: Final = 8
SCALE: Final = 0.01 * 2.9  # a mark of strength 10 scores about 1
THRESHOLD: Final = 0.35
COARSE_THRESHOLD: Final = 0.75 * THRESHOLD
LEAST_KEPT: Final = 8
MEAN_FROM, MEAN_TO = (
    4,
    20,
)  # neighbours, in coarse steps, whose mean is the ground that a score stands on
MASKED_WITHIN: Final = 23  # coarse steps
MASKED_BY: Final = 3.0
_SIGN: Final = np.array([-1.0, 1.0] * (SYNC_BITS // 2))
_STRETCH: Final = np.arange(SYNC_FRAMES) // SYNC_FRAMES_PER_BIT


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMatch:
    """A place where a block may begin: sample, how clearly, and of which kind (0 for A, 1 for
    B).
    """

    index: int
    quality: float
    kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSearch:
    """A sound at 44.1 kHz in which blocks are sought; for a clip two blocks in a row, and only
    where it sounds.

    Frames that begin before `first` or after `last` are absent. `coarse` are the levels at the four
    shifts of the coarse grid, from frame `first_frame` on: they are the same for every key.
    """

    sound: Samples
    clip: bool
    first: int
    last: int
    coarse: tuple[tuple[int, Matrix], ...]

    @property
    def blocks(self) -> int:
        """How many blocks in a row are asked for."""
        return 2 if self.clip else 1

    @property
    def frames(self) -> int:
        """The length of the window in frames."""
        return self.blocks * BLOCK

    def levels(self, starts: Places) -> Matrix:
        """Levels of the frames that begin at `starts`, summed over channels; those of absent frames
        are known.
        """
        present = (starts >= self.first) & (starts <= self.last)
        found = np.full((starts.size, BANDS), ZERO_DB * self.sound.shape[1])
        found[present] = compute_levels(self.sound, starts[present])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Levels of raised and lowered bins, and frames they are of, for each start and sync bit."""

    up_down: NDArray[np.float64]  # (starts, 6, 2)
    count: Matrix  # (starts, 6)


def prepare_search(sound: Samples, *, clip: bool) -> SyncSearch:
    """A sound made ready for the search with any key."""
    first, last = _find_sounding_range(sound) if clip else (0, len(sound))
    coarse = []
    blocks = 2 if clip else 1
    count = len(sound) // FRAME - 1
    if count <= blocks * BLOCK:  # no whole window: nothing to find
        count = 0
    for shift in range(0, FRAME, COARSE):
        starts = np.arange(count) * FRAME + shift
        present = np.flatnonzero((starts >= first) & (starts <= last))
        lowest = int(present[0]) if present.size else 0
        coarse.append((lowest, compute_levels(sound, starts[present])))
    return SyncSearch(sound=sound, clip=clip, first=first, last=last, coarse=tuple(coarse))


def _find_sounding_range(sound: Samples) -> tuple[int, int]:
    """The first and the last start of frames that count: those that do not lie wholly in silence at
    either end.
    """
    channels = sound.shape[1]
    loud = np.flatnonzero(sound)
    if not loud.size:
        return len(sound), -1
    first, last = int(loud[0]), int(loud[-1]) + 1
    return -(-first // channels) - FRAME, last // channels


def find_sync_matches(
    search: SyncSearch, tables: Tables, *, least: float = 0.0, most: int | None = None
) -> list[SyncMatch]:
    """Where blocks may begin, in order of place: at least the eight likeliest starts, right or
    wrong.

    Those whose coarse quality is below `least` are left out, and more than `most` are not looked
    at.
    """
    scores = _compute_coarse_scores(search, tables)
    means = _compute_local_means(scores)
    ground = scores - means
    likely = _select_strongest(
        _drop_echoes(_find_maxima(np.abs(ground)), ground), np.abs(ground), COARSE_THRESHOLD
    )
    kept = [place for place in likely[:most].tolist() if abs(ground[place]) >= least]
    refined = [_refine_match(search, tables, place, scores[place], means[place]) for place in kept]
    quality = np.array([found.quality for found in refined])
    chosen = _select_strongest(np.arange(quality.size), quality, THRESHOLD)
    return sorted((refined[place] for place in chosen), key=lambda found: found.index)


def _compute_coarse_scores(search: SyncSearch, tables: Tables) -> Vector:
    """Scores of all starts on the coarse grid, in order of place."""
    count = len(search.sound) // FRAME - 1 - search.frames
    if count <= 0:
        return np.zeros(0)
    per_shift = [
        _score_sums(_compute_coarse_sums(lowest, level, count, search, tables))
        for lowest, level in search.coarse
    ]
    return np.stack(per_shift, axis=1).ravel()


def _compute_coarse_sums(
    lowest: int, level: Matrix, count: int, search: SyncSearch, tables: Tables
) -> _Sums:
    """The sums of every start on one shift: levels by one matrix product, then one shifted addition
    a sync frame.
    """
    up_down = np.zeros((SYNC_BITS, count, 2))
    present = np.zeros((SYNC_BITS, count))
    for bit in range(SYNC_BITS):
        frames = slice(bit * SYNC_FRAMES_PER_BIT, (bit + 1) * SYNC_FRAMES_PER_BIT)
        sums = (level @ _build_indicator(tables, frames)).reshape(
            len(level), SYNC_FRAMES_PER_BIT, 2
        )
        for number, place in enumerate(tables.sync_frame[frames].tolist()):
            for block in range(search.blocks):
                offset = place + block * BLOCK - lowest
                start, stop = max(0, -offset), min(count, len(level) - offset)
                if start >= stop:
                    continue
                turned = sums[start + offset : stop + offset, number, :: -1 if block else 1]
                up_down[bit, start:stop] += turned
                present[bit, start:stop] += 1.0
    return _Sums(up_down=up_down.transpose(1, 0, 2), count=present.T)


def _build_indicator(tables: Tables, frames: slice) -> Matrix:
    """Which bins of each sync frame are raised and which lowered; shape (81, frames * 2)."""
    count = frames.stop - frames.start
    columns = np.zeros((BANDS, count, 2))
    number = np.arange(count)[:, None]
    columns[tables.sync_up[frames], number, 0] = 1.0
    columns[tables.sync_down[frames], number, 1] = 1.0
    return columns.reshape(BANDS, 2 * count)


def _score_sums(sums: _Sums) -> Vector:
    """The scores of starts.

    Levels are negative: the sum that is lower belongs to the weaker bins.
    """
    up, down = sums.up_down[..., 0], sums.up_down[..., 1]
    usable = (up != 0.0) & (down != 0.0)
    weaker, stronger = np.minimum(up, down), np.maximum(up, down)
    excess = np.divide(weaker, stronger, where=usable, out=np.ones_like(up)) - 1.0
    difference = np.where(up < down, -excess, excess)
    total = sums.count.sum(axis=1)
    weighed = (difference * _SIGN * sums.count).sum(axis=1)
    score: Vector = np.divide(weighed, total, where=total > 0.0, out=np.zeros_like(total)) / SCALE
    return score


def _compute_local_means(scores: Vector) -> Vector:
    """The mean score around each start, without its nearest neighbours; 0 where there is nothing
    around.
    """
    near = np.ones(2 * MEAN_TO + 1)
    near[MEAN_TO - MEAN_FROM + 1 : MEAN_TO + MEAN_FROM] = 0.0
    if not scores.size:
        return scores
    total = np.convolve(scores, near)[MEAN_TO : MEAN_TO + scores.size]
    count = np.convolve(np.ones_like(scores), near)[MEAN_TO : MEAN_TO + scores.size]
    mean: Vector = np.divide(total, count, where=count > 0.5, out=np.zeros_like(total))
    return mean


def _find_maxima(strength: Vector) -> Places:
    """Starts that are no weaker than both their neighbours; after one of them the next start is
    skipped.
    """
    padded = np.concatenate([[0.0], strength, [0.0]])
    high = np.flatnonzero((strength >= padded[:-2]) & (strength >= padded[2:]))
    taken: list[int] = []
    for place in high.tolist():
        if not taken or place > taken[-1] + 1:
            taken.append(place)
    return np.array(taken, dtype=np.intp)


def _drop_echoes(taken: Places, ground: Vector) -> Places:
    """Those that are not the echo of a much stronger start nearby that points the other way."""
    strength = np.abs(ground)

    def echo(place: int) -> bool:
        low, high = np.searchsorted(taken, [place - MASKED_WITHIN, place + MASKED_WITHIN + 1])
        near = taken[low:high]
        return bool(
            (
                (strength[near] > MASKED_BY * strength[place])
                & ((ground[near] < 0.0) != (ground[place] < 0.0))
            ).any()
        )

    return np.array([place for place in taken.tolist() if not echo(place)], dtype=np.intp)


def _select_strongest(places: Places, strength: Vector, threshold: float) -> Places:
    """The strongest first: all above the threshold, and at least eight."""
    ordered = places[np.argsort(-strength[places], kind="stable")]
    above = int((strength[ordered] > threshold).sum())
    return ordered[: max(above, LEAST_KEPT)]


def _refine_match(
    search: SyncSearch, tables: Tables, place: int, score: float, mean: float
) -> SyncMatch:
    """The best start around one on the coarse grid, with its exact score above the ground around
    it.
    """
    index = place * COARSE
    stop = min(index + COARSE, len(search.sound) - search.frames * FRAME)
    starts = np.arange(max(0, index - COARSE), stop + 1, FINE)
    best, at = float(score - mean), index
    for start, exact in zip(
        starts.tolist(), _compute_exact_scores(search, tables, starts).tolist(), strict=True
    ):
        if abs(exact - mean) > abs(best):
            best, at = float(exact - mean), start
    return SyncMatch(index=at, quality=abs(best), kind=0 if best > 0.0 else 1)


def _compute_exact_scores(search: SyncSearch, tables: Tables, starts: Places) -> Vector:
    """The scores of starts that lie `FINE` apart."""
    if not starts.size:
        return np.zeros(0)
    frame = (
        np.concatenate([tables.sync_frame + block * BLOCK for block in range(search.blocks)])
        * FRAME
    )
    places = starts[:, None] + frame
    present = (places >= search.first) & (places <= search.last)
    used = np.flatnonzero(present.any(axis=0))
    weight = present[:, used].astype(np.float64)
    level = compute_sliding_levels(
        search.sound, starts[0] + frame[used], step=FINE, steps=starts.size - 1
    )
    sync, second = used % SYNC_FRAMES, used >= SYNC_FRAMES
    stretch = (_STRETCH[sync][:, None] == np.arange(SYNC_BITS)).astype(np.float64)
    up, down = (_choose_bins(tables, sync, kind) for kind in (second, ~second))
    sums = [(np.einsum("sfb,fb->sf", level, mask) * weight) @ stretch for mask in (up, down)]
    return _score_sums(_Sums(up_down=np.stack(sums, axis=2), count=weight @ stretch))


def _choose_bins(tables: Tables, sync: Places, lowered: NDArray[np.bool_]) -> Matrix:
    """The lowered bins of sync frames where `lowered` says so, elsewhere the raised ones; 0 or 1,
    (frames, 81).
    """
    bins = np.where(lowered[:, None], tables.sync_down[sync], tables.sync_up[sync])
    mask = np.zeros((sync.size, BANDS))
    np.put_along_axis(mask, bins, 1.0, axis=1)
    return mask

"""Scores of the starts of blocks: how clearly the sync frames stand at each place of a sound.

The coarse grid has a start every 256 samples. Exact scores have one every 8 samples.
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
_SIGN: Final = np.array([-1.0, 1.0] * (SYNC_BITS // 2))
_STRETCH: Final = np.arange(SYNC_FRAMES) // SYNC_FRAMES_PER_BIT


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSearch:
    """A sound at 44.1 kHz in which blocks are searched.

    For a clip, two blocks in a row are searched, and only where it is not silent. Frames that begin
    before `first` or after `last` are absent. `coarse` holds the levels at the four shifts of the
    coarse grid, from frame `first_frame` on. They are the same for every key.
    """

    sound: Samples
    clip: bool
    first: int
    last: int
    coarse: tuple[tuple[int, Matrix], ...]

    @property
    def blocks(self) -> int:
        """Return how many blocks in a row are searched."""
        return 2 if self.clip else 1

    @property
    def frames(self) -> int:
        """Return the length of the window in frames."""
        return self.blocks * BLOCK

    def levels(self, starts: Places) -> Matrix:
        """Return the levels of the frames that begin at `starts`, summed over channels.

        Absent frames have the level of silence.
        """
        present = (starts >= self.first) & (starts <= self.last)
        found = np.full((starts.size, BANDS), ZERO_DB * self.sound.shape[1])
        found[present] = compute_levels(self.sound, starts[present])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Levels of raised and lowered bins, and the number of frames, for each start and sync bit."""

    up_down: NDArray[np.float64]  # (starts, 6, 2)
    count: Matrix  # (starts, 6)


def prepare_search(sound: Samples, *, clip: bool) -> SyncSearch:
    """Return a sound prepared for the search with any key."""
    first, last = _find_sounding_range(sound) if clip else (0, len(sound))
    blocks = 2 if clip else 1

    # Without a whole window there is nothing to find.
    count = len(sound) // FRAME - 1
    if count <= blocks * BLOCK:
        count = 0

    coarse = []
    for shift in range(0, FRAME, COARSE):
        starts = np.arange(count) * FRAME + shift
        present = np.flatnonzero((starts >= first) & (starts <= last))
        lowest = int(present[0]) if present.size else 0
        coarse.append((lowest, compute_levels(sound, starts[present])))

    return SyncSearch(sound=sound, clip=clip, first=first, last=last, coarse=tuple(coarse))


def _find_sounding_range(sound: Samples) -> tuple[int, int]:
    """Return the first and the last start of frames that are not wholly in the outer silence."""
    channels = sound.shape[1]
    loud = np.flatnonzero(sound)
    if not loud.size:
        return len(sound), -1

    first, last = int(loud[0]), int(loud[-1]) + 1
    return -(-first // channels) - FRAME, last // channels


def compute_coarse_scores(search: SyncSearch, tables: Tables) -> Vector:
    """Return the scores of all starts on the coarse grid, in order of place."""
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
    """Return the sums of every start on one shift.

    Levels are one matrix product, then each sync frame is one shifted addition.
    """
    up_down = np.zeros((SYNC_BITS, count, 2))
    present = np.zeros((SYNC_BITS, count))

    for bit in range(SYNC_BITS):
        frames = slice(bit * SYNC_FRAMES_PER_BIT, (bit + 1) * SYNC_FRAMES_PER_BIT)
        products = level @ _build_indicator(tables, frames)
        sums = products.reshape(len(level), SYNC_FRAMES_PER_BIT, 2)

        for number, place in enumerate(tables.sync_frame[frames].tolist()):
            for block in range(search.blocks):
                offset = place + block * BLOCK - lowest
                start, stop = max(0, -offset), min(count, len(level) - offset)
                if start >= stop:
                    continue

                # The second block is of the other kind: up and down change places.
                turned = sums[start + offset : stop + offset, number, :: -1 if block else 1]
                up_down[bit, start:stop] += turned
                present[bit, start:stop] += 1.0

    return _Sums(up_down=up_down.transpose(1, 0, 2), count=present.T)


def _build_indicator(tables: Tables, frames: slice) -> Matrix:
    """Return which bins of each sync frame are raised and lowered, shape (81, frames * 2)."""
    count = frames.stop - frames.start
    number = np.arange(count)[:, None]

    columns = np.zeros((BANDS, count, 2))
    columns[tables.sync_up[frames], number, 0] = 1.0
    columns[tables.sync_down[frames], number, 1] = 1.0

    return columns.reshape(BANDS, 2 * count)


def _score_sums(sums: _Sums) -> Vector:
    """Return the scores of starts."""
    up, down = sums.up_down[..., 0], sums.up_down[..., 1]
    usable = (up != 0.0) & (down != 0.0)

    # Levels are negative: the lower sum belongs to the weaker bins.
    weaker, stronger = np.minimum(up, down), np.maximum(up, down)
    excess = np.divide(weaker, stronger, where=usable, out=np.ones_like(up)) - 1.0
    difference = np.where(up < down, -excess, excess)

    total = sums.count.sum(axis=1)
    weighed = (difference * _SIGN * sums.count).sum(axis=1)
    score: Vector = np.divide(weighed, total, where=total > 0.0, out=np.zeros_like(total)) / SCALE
    return score


def compute_exact_scores(search: SyncSearch, tables: Tables, starts: Places) -> Vector:
    """Return the scores of starts that lie `FINE` apart."""
    if not starts.size:
        return np.zeros(0)

    sync_frames = [tables.sync_frame + block * BLOCK for block in range(search.blocks)]
    frame = np.concatenate(sync_frames) * FRAME
    places = starts[:, None] + frame
    present = (places >= search.first) & (places <= search.last)
    used = np.flatnonzero(present.any(axis=0))
    weight = present[:, used].astype(np.float64)

    level = compute_sliding_levels(
        search.sound, starts[0] + frame[used], step=FINE, steps=starts.size - 1
    )

    sync = used % SYNC_FRAMES
    second = used >= SYNC_FRAMES
    stretch = (_STRETCH[sync][:, None] == np.arange(SYNC_BITS)).astype(np.float64)
    up, down = (_choose_bins(tables, sync, kind) for kind in (second, ~second))
    sums = [(np.einsum("sfb,fb->sf", level, mask) * weight) @ stretch for mask in (up, down)]

    return _score_sums(_Sums(up_down=np.stack(sums, axis=2), count=weight @ stretch))


def _choose_bins(tables: Tables, sync: Places, lowered: NDArray[np.bool_]) -> Matrix:
    """Return a mask of 0 and 1 over the bins of sync frames, shape (frames, 81).

    It holds the lowered bins where `lowered` is true, elsewhere the raised ones.
    """
    bins = np.where(lowered[:, None], tables.sync_down[sync], tables.sync_up[sync])
    mask = np.zeros((sync.size, BANDS))
    np.put_along_axis(mask, bins, 1.0, axis=1)
    return mask

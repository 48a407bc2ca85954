"""The layout of a key: which bins of which frames carry which coded bit, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark import audiowmark_parameters
from watermark.audiowmark.audiowmark_parameters import (
    BANDS,
    BLOCK,
    CODED_BITS,
    DATA_FRAMES,
    PAIRS,
    SYNC_FRAMES,
    Bits,
    Places,
)
from watermark.audiowmark.prng import shuffle_indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of one key, read-only.

    Bins count from `LOW_BIN`, frames from the start of a block.
    """

    sync_frame: Places  # (510,) where each sync frame stands
    sync_up: Places  # (510, 30)
    sync_down: Places  # (510, 30)
    data_frame: Places  # (858, 60) the frames of each sent bit's pairs
    data_up: Places  # (858, 60) the bins of these pairs that are raised
    data_down: Places  # (858, 60) the bins of these pairs that are lowered
    order: Places  # (858,) which coded bit is sent in each place


@lru_cache(maxsize=32)
def build_tables(secret: bytes) -> Tables:
    """Return the tables of a key (about 1.5 MB, computed in 0.1 s)."""
    frames = shuffle_indices(BLOCK, secret, audiowmark_parameters.FRAME_ORDER, 0)
    sync_up, sync_down = _draw_up_down(secret, audiowmark_parameters.UP_DOWN_SYNC, SYNC_FRAMES)
    up, down = _draw_up_down(secret, audiowmark_parameters.UP_DOWN_DATA, DATA_FRAMES)
    mix = shuffle_indices(DATA_FRAMES * PAIRS, secret, audiowmark_parameters.MIX, 0)
    mix = mix.reshape(CODED_BITS, audiowmark_parameters.PAIRS_PER_BIT)

    found = Tables(
        sync_frame=frames[:SYNC_FRAMES],
        sync_up=sync_up,
        sync_down=sync_down,
        data_frame=frames[SYNC_FRAMES:].repeat(PAIRS)[mix],
        data_up=up.ravel()[mix],
        data_down=down.ravel()[mix],
        order=shuffle_indices(CODED_BITS, secret, audiowmark_parameters.BIT_ORDER, 0),
    )

    for name in Tables.__slots__:
        getattr(found, name).setflags(write=False)

    return found


def _draw_up_down(secret: bytes, stream: int, frames: int) -> tuple[Places, Places]:
    """Return the bins of each frame that go up and those that go down, shape (frames, 30) each."""
    bins = np.array([shuffle_indices(BANDS, secret, stream, frame) for frame in range(frames)])
    return bins[:, :PAIRS], bins[:, PAIRS : 2 * PAIRS]


def get_sync_bits(kind: int) -> Bits:
    """Return the bit of each sync frame of a block.

    Over the six stretches it is 010101 for kind A (0) and 101010 for kind B (1).
    """
    stretch = np.arange(SYNC_FRAMES) // audiowmark_parameters.SYNC_FRAMES_PER_BIT
    return ((stretch + kind) % 2).astype(np.uint8)


def build_signs(tables: Tables, coded: Bits, kind: int) -> NDArray[np.int8]:
    """Return the grid of one block, shape (2226, 81).

    It is +1 where a bin is raised, -1 where it is lowered, else 0. `coded` are the 858 bits of the
    block's code, in the coder's order. `kind` is 0 for A and 1 for B.
    """
    grid = np.zeros((BLOCK, BANDS), dtype=np.int8)

    sync = (2 * get_sync_bits(kind).astype(np.int8) - 1)[:, None]
    grid[tables.sync_frame[:, None], tables.sync_up] = sync
    grid[tables.sync_frame[:, None], tables.sync_down] = -sync

    data = (2 * coded[tables.order].astype(np.int8) - 1)[:, None]
    grid[tables.data_frame, tables.data_up] = data
    grid[tables.data_frame, tables.data_down] = -data

    return grid

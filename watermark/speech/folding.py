"""Looks at a sound, folded: the cells of all its periods summed into those of one period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watermark.speech.feature_grid import Cells
from watermark.speech.parameters import SPEECH_1, Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Contrast and its square, summed over the periods of each look, shape (looks, slots, bands).

    `windows` is how many looks belong to one alignment. The first of them is the whole block.
    """

    contrast: Cells
    square: Cells
    windows: int = 1


def split_periods(frames: Cells, scheme: Scheme = SPEECH_1) -> Cells:
    """Return frames in rows of one period each, shape (…, periods, slots, bands).

    The last period is filled up with zeros.
    """
    *grids, length, bands = frames.shape
    count = -(-length // scheme.slots)

    padded = np.zeros((*grids, count * scheme.slots, bands), dtype=np.float32)
    padded[..., :length, :] = frames

    return padded.reshape(*grids, count, scheme.slots, bands)


def stack_looks(looks: list[Cells], *, windows: int = 1) -> Folded:
    """Return `looks` folded. Each look has shape (periods, slots, bands)."""
    return Folded(
        contrast=np.array([look.sum(axis=0) for look in looks]),
        square=np.array([np.square(look).sum(axis=0) for look in looks]),
        windows=windows,
    )


def centre_bands(contrast: Cells) -> Cells:
    """Return folded contrasts without each band's mean over the slots."""
    # Loud cells stand out from their neighbours and weigh more, so the mean is above 0 and grows
    # with every period that is folded. The embedder has compensated for it where the pattern is in
    # place. At every other place it would look like a bias of the groups.
    level: Cells = contrast - contrast.mean(axis=-2, keepdims=True)
    return level


def rotate_cells(cells: Cells, start: int) -> Cells:
    """Return the cells of one period in a row, those of slot `start` first."""
    return np.concatenate([cells[start:], cells[:start]]).ravel()

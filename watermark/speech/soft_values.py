"""Soft values: how clearly each coded bit stands in folded cells, in units of its noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.feature_grid import Cells
from watermark.speech.folding import Folded, rotate_cells
from watermark.speech.keyed_pattern import build_layout
from watermark.speech.parameters import SPEECH_1, Scheme, Vector

TINY: Final = 1e-9
MEAN_SHARES: Final = np.linspace(0.0, 1.0, 5)  # of the bands' means, for `compute_even_values`


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedCells:
    """The coded cells of a layout, group by group."""

    cells: NDArray[np.intp]
    chips: Cells
    firsts: NDArray[np.intp]  # where each group begins
    coded: Cells  # 1 for a coded cell, 0 for a sync cell, in the order of the layout

    def sums(self, contrast: Cells) -> Vector:
        """Return the sum of each coded group, from shape (…, cells) to (…, groups).

        `contrast` holds the cells of one period in a row.
        """
        total = np.add.reduceat(contrast[..., self.cells] * self.chips, self.firsts, axis=-1)
        return total.astype(np.float64)


@lru_cache(maxsize=16)
def select_coded_cells(key: bytes, scheme: Scheme = SPEECH_1) -> CodedCells:
    """Return the coded cells in the layout of `key`."""
    layout = build_layout(key)
    group = layout.group.ravel()
    cells = np.argsort(group, kind="stable")[: np.count_nonzero(group < scheme.coded_bits)]

    return CodedCells(
        cells=cells,
        chips=layout.chip.ravel()[cells].astype(np.float32),
        firsts=np.searchsorted(group[cells], np.arange(scheme.coded_bits)),
        coded=(group < scheme.coded_bits).astype(np.float32),
    )


def compute_soft_values(
    folded: Folded, key: bytes, look: int, start: int, scheme: Scheme = SPEECH_1
) -> Vector:
    """Return the soft values of the coded bits if the pattern starts at slot `start`."""
    selection = select_coded_cells(key, scheme)
    noise = float(rotate_cells(folded.square[look], start) @ selection.coded) / scheme.coded_bits
    sums = selection.sums(rotate_cells(folded.contrast[look], start))

    values: Vector = sums / np.sqrt(noise + TINY)
    return values


def compute_even_values(
    folded: Folded, key: bytes, look: int, start: int, scheme: Scheme = SPEECH_1
) -> Vector:
    """Return soft values less the share of the bands' means that makes all groups equally strong.

    All groups were written equally strong, so the right share is the one with the most constant
    modulus (Godard 1980).
    """
    # The embedder has compensated for the means as they were. Codings and changes of pace leave
    # more or less of them. Wrongly estimated, they are most of the noise: after a change of tempo
    # the spread of the groups fell from 1.2 to 0.85 (six clips).
    means = np.tile(folded.contrast[look].mean(axis=0), (1, scheme.slots, 1))

    # The means are the same in every slot, so the start of the pattern changes only their noise.
    of_means = compute_soft_values(
        Folded(contrast=means, square=folded.square[look : look + 1]), key, 0, 0
    )
    tried = compute_soft_values(folded, key, look, start) - MEAN_SHARES[:, None] * of_means
    evenness = np.abs(tried).mean(axis=1) / (np.sqrt(np.square(tried).mean(axis=1)) + TINY)

    found: Vector = tried[int(np.argmax(evenness))]
    return found

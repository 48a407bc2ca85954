"""The smallest gains that bring every group of cells to its margin.

They are one least-norm step on the linearised contrast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.parameters import SPEECH_1, Matrix, Scheme, Vector

DAMPING: Final = 1e-3
LEAST_LACK_DB: Final = 1e-3  # a group that lacks less than this is left alone
# Where the mark costs little: a cell's gain costs more the louder and the lower it is. At equal
# robustness exponents of 0.5 and -0.4 lifted PESQ-WB by 0.25 over equal costs (70 clips), and these
# by another 0.05 to 0.11 (20 to 40 clips of 2, 3, 5 and 8 s). Beyond them (1.0 and -0.6) telephones
# and Opus cancel what is won. A cost by how far a cell lies below the others of its frame was no
# better.
EASE_PER_OCTAVE: Final = 0.8  # exponent of frequency
EASE_OF_LEVEL: Final = -0.55  # exponent of amplitude, relative to the speech level


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBlock:
    """Frames whose gains are solved together, and the sums of earlier frames for each group.

    `signs` is the sign that each group must have. `earlier` holds sums of contrast that count and
    can no longer be changed. `share` is one over the number of cells of each group, earlier ones
    included.
    """

    group: NDArray[np.intp]  # (frames, bands)
    chip: Matrix  # (frames, bands)
    signs: Vector
    earlier: Vector
    share: Vector

    def lacking(self, contrast: Matrix, margin_db: float | Vector) -> Vector:
        """Return by how much each group's mean contrast misses its margin, in dB."""
        reached = self.share * (self.earlier + self.sums(contrast))
        lack: Vector = np.maximum(margin_db - self.signs * reached, 0.0)
        return lack

    def sums(self, contrast: Matrix) -> Vector:
        """Return the sum of these frames for each group."""
        signed = (self.chip * contrast).ravel()
        sums = np.bincount(self.group.ravel(), signed, minlength=self.signs.size)
        return sums.astype(np.float64)


def build_block(group: NDArray[np.intp], chip: Matrix, signs: Vector) -> FrameBlock:
    """Return a block that stands alone: every group must reach its margin within it."""
    nothing = np.zeros(signs.size)
    return build_block_after(group, chip, signs, earlier=nothing, counted=nothing)


def build_block_after(
    group: NDArray[np.intp], chip: Matrix, signs: Vector, *, earlier: Vector, counted: Vector
) -> FrameBlock:
    """Return a block behind others with the sums `earlier` and `counted` cells for each group."""
    members = counted + np.bincount(group.ravel(), minlength=signs.size)
    return FrameBlock(
        group=group, chip=chip, signs=signs, earlier=earlier, share=1.0 / np.maximum(members, 1.0)
    )


def solve_gains(
    block: FrameBlock, contrast: Matrix, slope: Matrix, ease: Matrix, margin_db: float | Vector
) -> Matrix:
    """Return the gains in dB that bring each group's mean contrast to the margin.

    The gains are added in this block, shape (frames, bands). `margin_db` is one margin for all
    groups or one for each.
    """
    groups = block.signs.size

    lacking = block.lacking(contrast, margin_db) * block.signs
    active = np.abs(lacking) > LEAST_LACK_DB
    if not active.any():
        return np.zeros_like(contrast)

    pull = block.chip * slope * block.share[block.group]
    system = _build_gram_matrix(pull, ease, block.group, groups)[np.ix_(active, active)]
    system[np.diag_indices_from(system)] += DAMPING * np.trace(system) / len(system) + 1e-9

    multipliers = np.zeros(groups)
    multipliers[active] = np.linalg.solve(system, lacking[active])

    return ease * _apply_contrast(pull * multipliers[block.group])


def compute_ease(energy: Matrix, level: float, scheme: Scheme = SPEECH_1) -> Matrix:
    """Return how cheaply each cell may be changed.

    It is the inverse of the cell's cost in the least-norm solution.
    """
    frequency = (np.arange(scheme.bands) + scheme.low_bin) / scheme.low_bin
    amplitude = np.power(10.0, np.clip(energy - level, -scheme.level_range_db, 0.0) / 20.0)

    ease: Matrix = np.power(frequency, EASE_PER_OCTAVE) * np.power(amplitude, EASE_OF_LEVEL)
    return ease


def _apply_contrast(field: Matrix) -> Matrix:
    """Return each cell minus the mean of its neighbours in time.

    This contrast operator is its own transpose.
    """
    out = field.copy()
    out[1:] -= 0.5 * field[:-1]
    out[:-1] -= 0.5 * field[1:]
    return out


def _build_gram_matrix(pull: Matrix, ease: Matrix, group: NDArray[np.intp], groups: int) -> Matrix:
    """Return A W A^T without building A.

    A sums pull times contrast over a group's cells, and W is diag(ease).
    """
    # Contrast times ease times contrast reaches two frames: -0.5, 1, -0.5 on both sides of `ease`.
    around = np.zeros_like(ease)
    around[1:] += ease[:-1]
    around[:-1] += ease[1:]

    total = np.bincount(
        group.ravel(), ((ease + 0.25 * around) * pull * pull).ravel(), minlength=groups
    )
    system: Matrix = np.diag(total.astype(np.float64))

    one = -0.5 * (ease[:-1] + ease[1:])
    two = 0.25 * ease[1:-1]
    for reach, between in ((1, one), (2, two)):
        pairs = group[:-reach] * groups + group[reach:]
        products = between * pull[:-reach] * pull[reach:]
        sums = np.bincount(pairs.ravel(), products.ravel(), minlength=groups * groups)
        between_groups = sums.reshape(groups, groups)
        system += between_groups + between_groups.T

    return system

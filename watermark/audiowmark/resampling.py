"""Resampling without delay by a windowed sinc of half length 16, the kernel of the program.

Any good resampler would do for marks that others read. This one gives the program's samples to
1e-7.
"""

from __future__ import annotations

from math import ceil, gcd
from typing import Final

import numpy as np

from watermark.audiowmark.audiowmark_parameters import Matrix, Samples

HALF: Final = 16
PASS_BAND: Final = 1.0 - 2.6 / HALF
MOST_PHASES: Final = 1000  # up to here all phases of a period are one matrix product
TABLE_PHASES: Final = 2048
OUTPUTS_AT_ONCE: Final = 65_536


def get_resampled_length(samples: int, source: int, target: int) -> int:
    """Return how many samples `samples` become."""
    return -(-samples * target // source)


def resample_channels(
    sound: Samples, source: int, target: int, *, length: int | None = None
) -> Samples:
    """Return `sound` (samples, channels) at another rate, with `length` samples if it is given."""
    if source == target:
        return sound

    size = get_resampled_length(len(sound), source, target) if length is None else length
    divisor = gcd(source, target)
    step = source // divisor
    phases = target // divisor
    reach = HALF if target >= source else ceil(HALF * source / target)
    resample = _resample_by_matrix if phases <= MOST_PHASES else _resample_by_table

    channels = [resample(np.ascontiguousarray(row), step, phases, reach, size) for row in sound.T]
    return np.stack(channels, axis=1)


def _compute_kernel(distance: Matrix, step: int, phases: int, reach: int) -> Matrix:
    """Return the kernel at distances in input samples."""
    cutoff = PASS_BAND * min(1.0, phases / step)
    turn = np.pi * np.abs(distance) / reach
    shape = 0.384 + 0.5 * np.cos(turn) + 0.116 * np.cos(2.0 * turn)
    window = np.where(np.abs(distance) < reach, shape, 0.0)

    value: Matrix = cutoff * np.sinc(cutoff * distance) * window
    return value


def _resample_by_matrix(row: Matrix, step: int, phases: int, reach: int, size: int) -> Matrix:
    """Return `phases` outputs for every `step` inputs, all by one matrix.

    The matrix holds the kernel at each distance of the two.
    """
    rounds = -(-size // phases)
    width = step + 2 * reach

    padded = np.zeros(reach + rounds * step + width)
    used = row[: padded.size - reach]
    padded[reach : reach + used.size] = used
    stretches = np.lib.stride_tricks.sliding_window_view(padded, width)[: rounds * step : step]

    inputs = np.arange(width) - reach
    outputs = np.arange(phases) * step / phases
    matrix = _compute_kernel(inputs[:, None] - outputs[None, :], step, phases, reach)

    found: Matrix = (stretches @ matrix).ravel()[:size]
    return found


def _resample_by_table(row: Matrix, step: int, phases: int, reach: int, size: int) -> Matrix:
    """Return every output by itself, between two phases of a table.

    This is for rates whose phases would make too large a matrix.
    """
    offsets = np.arange(1 - reach, reach + 1)
    phase_shifts = np.arange(TABLE_PHASES + 2)[:, None] / TABLE_PHASES
    table = _compute_kernel(offsets - phase_shifts, step, phases, reach)

    padded = np.zeros(reach + max(row.size, size * step // phases + 1) + reach + 1)
    padded[reach : reach + row.size] = row

    out = np.empty(size)
    for start in range(0, size, OUTPUTS_AT_ONCE):
        output = np.arange(start, min(start + OUTPUTS_AT_ONCE, size))
        whole = output * step // phases
        phase = (output * step - whole * phases) / phases * TABLE_PHASES
        below = phase.astype(np.intp)
        between = (phase - below)[:, None]
        taps = padded[whole[:, None] + offsets + reach]

        kernel = table[below] * (1.0 - between) + table[below + 1] * between
        out[output] = np.einsum("ot,ot->o", taps, kernel)

    return out

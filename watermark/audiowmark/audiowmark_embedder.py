"""Writing the mark: bins of each frame are raised or lowered, and only the difference is added to
the sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark import convolutional_code, masking
from watermark.audiowmark.audiowmark_parameters import (
    BANDS,
    BLOCK,
    FRAME,
    LEAD_IN,
    LEAST_MAGNITUDE,
    LOW_BIN,
    RATE,
    STRENGTH,
    Matrix,
    Samples,
    Vector,
)
from watermark.audiowmark.bit_layout import build_signs, build_tables
from watermark.audiowmark.key_files import AudiowmarkKey
from watermark.audiowmark.peak_limiter import limit_peaks
from watermark.audiowmark.resampling import get_resampled_length, resample_channels
from watermark.audiowmark.stft import compute_spectrum, split_batches, to_decibels

FADE: Final = 0.1  # of a frame, to either side of its edge
Grid = NDArray[np.int8]


def embed(
    sound: Samples, rate: int, *, key: AudiowmarkKey, message: str, strength: float = STRENGTH
) -> Samples:
    """The sound with a message of up to 128 bits (hexadecimal) in it, turned down where it would go
    over 0.99.

    `sound` has shape (samples, channels), at any rate; sound, rate and length stay as they are.
    Silence stays silent. Raises BadMessage, and ValueError for another shape, a rate that is none,
    or values that are no numbers.
    """
    host = check_samples(sound, rate)
    return limit_peaks(
        host + compute_difference(host, rate, key=key, message=message, strength=strength), rate
    )


def compute_difference(
    sound: Samples,
    rate: int,
    *,
    key: AudiowmarkKey,
    message: str,
    strength: float = STRENGTH,
    masked: bool = False,
) -> Samples:
    """What marking adds to a sound, before the limiter. Raises as `embed` does.

    `masked`: bins move as far as they are hidden, which is heard less and read better than what the
    program adds.
    """
    host = _resample_host(check_samples(sound, rate), rate)
    bits = convolutional_code.message_to_bits(message)
    tables = build_tables(key.secret)
    grids = [
        build_signs(tables, convolutional_code.encode_bits(bits, polynomials), kind)
        for kind, polynomials in enumerate((convolutional_code.OF_A, convolutional_code.OF_B))
    ]
    made = [_mark_channel(row, grids, strength / 1000.0, masked=masked) for row in host.T]
    return resample_channels(np.stack(made, axis=1), RATE, rate, length=len(sound))


def check_samples(sound: Samples, rate: int) -> Samples:
    """The sound as double precision numbers. Raises ValueError when it is none."""
    if sound.ndim != 2 or not sound.shape[1] or rate <= 0:
        raise ValueError("a sound has shape (samples, channels) and a rate")
    host: Samples = np.asarray(sound, dtype=np.float64)
    if not np.isfinite(host).all():
        raise ValueError("a sound holds numbers alone")
    return host


def _resample_host(sound: Samples, rate: int) -> Samples:
    """The sound at 44.1 kHz, with a frame of the silence behind it: resampling back looks a little
    beyond the end.
    """
    if rate == RATE:
        return sound
    return resample_channels(
        sound, rate, RATE, length=get_resampled_length(len(sound), rate, RATE) + FRAME
    )


def _mark_channel(row: Vector, grids: list[Grid], strength: float, *, masked: bool) -> Vector:
    """The difference for one channel at 44.1 kHz."""
    count = -(-row.size // FRAME)
    frames = np.zeros((count, FRAME))
    frames.ravel()[: row.size] = row
    for part, grid in _walk_signs(grids, count):
        frames[part] = _build_pieces(frames[part], grid, strength, masked=masked)
    return _overlap_pieces(frames)[: row.size]


def _walk_signs(grids: list[Grid], count: int) -> Iterator[tuple[slice, Grid]]:
    """Runs of frames with their signs: the end of a B block first, then A and B in turn without
    gaps.
    """
    both = np.concatenate(grids)
    for part in split_batches(count):
        place = (np.arange(part.start, part.stop) - LEAD_IN) % (2 * BLOCK)
        yield part, both[place]


def _build_pieces(frames: Matrix, grid: Grid, strength: float, *, masked: bool) -> Matrix:
    """What each frame adds, periodic in 1024: the spectrum's change, brought back without undoing
    the window.
    """
    bins = compute_spectrum(frames)
    magnitude = np.abs(bins)
    used = (grid != 0) & (magnitude > LEAST_MAGNITUDE)
    moved = grid * masking.compute_weights(to_decibels(bins)) if masked else grid
    exponent = np.where(used, -strength * moved, 0.0)
    factor = np.power(magnitude, exponent, where=used, out=np.ones_like(magnitude))
    change = np.zeros((len(frames), FRAME // 2 + 1), dtype=np.complex128)
    change[:, LOW_BIN : LOW_BIN + BANDS] = bins * (factor - 1.0)
    back: Matrix = np.fft.irfft(change, n=FRAME, axis=1) * FRAME
    return back


def _overlap_pieces(pieces: Matrix) -> Vector:
    """The pieces, each faded over into its neighbours, one after the other."""
    before, within, after = _build_fades()
    out = pieces * within
    out[1:] += pieces[:-1] * after
    out[:-1] += pieces[1:] * before
    return out.ravel()


def _build_fades() -> tuple[Vector, Vector, Vector]:
    """How much of a piece sounds in the frame before its own, in its own, and in the one after."""
    place = (np.arange(3 * FRAME) - FRAME) / FRAME
    place = np.where(place > 0.5, 1.0 - place, place)
    turn = np.clip(0.5 + place / (2.0 * FADE), 0.0, 1.0)
    before, within, after = (0.5 * (np.cos(np.pi * turn + np.pi) + 1.0)).reshape(3, FRAME)
    return before, within, after

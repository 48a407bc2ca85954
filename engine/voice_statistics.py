"""The statistics of a voice: pitch, pace, and the distribution of its spectral envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from core.errors import Fault, Invalid
from engine import mel_spectra, pitch

Real = NDArray[np.float64]
_BELOW_LOUD_DB: Final = 30.0
_LEAST_FRAMES: Final = 100
_LEAST_SECONDS: Final = 0.1
_LISTENED_SECONDS: Final = 60
"""The longest part of all recordings together.

More makes a profile no closer, and an hour would fill the memory.
"""
_FRAMES_A_SECOND: Final = 20
_LOUD_FRAMES: Final = 2 * _FRAMES_A_SECOND
"""Two seconds of speech set what is loud, however long the lead in front of it is."""


class NotEnoughSpeech(Invalid):
    """The recordings have less than half a second of voiced speech, or nearly no unvoiced sound."""

    code = "sample_too_short"

    def __init__(self) -> None:
        detail = "There is too little speech in the samples."
        super().__init__(detail, faults=(Fault(code=self.code, detail=detail, attr="samples"),))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """Pitch, pace and envelopes of one voice.

    `pitch_hz` is the median and `pitch_spread` the deviation of log F0. `pace` is in syllables a
    second. Mean (36) and covariance (36 x 36) of the log envelope are kept for voiced and unvoiced
    frames, together with the voiced frames. `bands` is the number of bands up to the highest that
    holds sound.
    """

    pitch_hz: float
    pitch_spread: float
    pace: float
    voiced_mean: Real
    voiced_covariance: Real
    unvoiced_mean: Real
    unvoiced_covariance: Real
    voiced_frames: Real
    bands: int


def measure_voice(sounds: tuple[Sound, ...]) -> Statistics:
    """Measure recordings of one voice.

    Raises NotEnoughSpeech.
    """
    sounds = tuple(sound for sound in sounds if sound.seconds >= _LEAST_SECONDS)
    if not sounds:
        raise NotEnoughSpeech

    share = max(1, _LISTENED_SECONDS // len(sounds))
    parts = [_measure_recording(_take_loudest_stretch(sound, share)) for sound in sounds]

    bands = min(_count_bands(sound) for sound in sounds)
    envelope, f0, active = (np.concatenate(column) for column in zip(*parts, strict=True))
    voiced = (f0 > 0) & active
    unvoiced = (f0 <= 0) & active
    if min(voiced.sum(), 5 * unvoiced.sum()) < _LEAST_FRAMES:
        raise NotEnoughSpeech

    median = float(np.median(f0[voiced]))
    logs = np.log(f0[voiced] / median)
    return Statistics(
        pitch_hz=median,
        pitch_spread=float(logs[np.abs(logs) < 0.5].std()),
        pace=_measure_pace(envelope, voiced),
        voiced_mean=envelope[voiced].mean(axis=0),
        voiced_covariance=np.cov(envelope[voiced].T),
        unvoiced_mean=envelope[unvoiced].mean(axis=0),
        unvoiced_covariance=np.cov(envelope[unvoiced].T),
        voiced_frames=envelope[voiced],
        bands=bands,
    )


def _take_loudest_stretch(sound: Sound, seconds: int) -> Sound:
    """Return the stretch of `seconds` in which most of the speech is.

    A minute of room in front of it, or a knock, does not count.
    """
    step = sound.rate // _FRAMES_A_SECOND
    width = seconds * _FRAMES_A_SECOND
    frames = len(sound.samples) // step
    if frames <= width:
        return sound

    framed = sound.samples[: frames * step].reshape(frames, step).astype(np.float64)
    power = np.einsum("ij,ij->i", framed, framed)
    loud = np.partition(power, -min(_LOUD_FRAMES, frames))[-min(_LOUD_FRAMES, frames)]
    heard = np.concatenate(([0.0], np.cumsum(np.minimum(power, loud))))
    start = int(np.argmax(heard[width:] - heard[:-width])) * step
    return Sound(sound.samples[start : start + width * step], sound.rate)


def _measure_recording(sound: Sound) -> tuple[Real, Real, NDArray[np.bool_]]:
    levelled = _level_recording(sound)
    spectrum = mel_spectra.compute_stft(levelled)
    envelope = mel_spectra.compute_envelope(spectrum)
    power = mel_spectra.compute_loudness(spectrum)
    f0 = pitch.track_pitch(levelled)

    length = min(len(envelope), len(f0), len(power))
    active = power > np.percentile(power, 95) - _BELOW_LOUD_DB
    return envelope[:length], f0[:length], np.asarray(active[:length])


def _level_recording(sound: Sound) -> Sound:
    """Return the recording at a common loudness, so that recordings can be combined."""
    root = float(np.sqrt(np.mean(sound.samples.astype(np.float64) ** 2)))
    factor = np.float32(0.06 / max(root, 1e-6))
    return Sound((sound.samples * factor).astype(np.float32), sound.rate)


def _count_bands(sound: Sound) -> int:
    """Return how many bands lie below the recording's upper edge.

    The edge is half the rate, with 5 % for the filter.
    """
    return int(np.searchsorted(mel_spectra.CENTRES, 0.475 * sound.rate))


def _measure_pace(envelope: Real, voiced: NDArray[np.bool_]) -> float:
    """Return the syllables a second of active speech.

    They are peaks of the smoothed loudness between 300 and 3000 Hz in voiced frames.
    """
    middle = (mel_spectra.CENTRES > 300) & (mel_spectra.CENTRES < 3000)
    shape = np.hanning(21)
    level = np.convolve(envelope[:, middle].mean(axis=1), shape / shape.sum(), "same")

    higher = (level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:])
    peaks = np.flatnonzero(higher & voiced[1:-1]) + 1
    kept: list[int] = []
    for peak in peaks:
        dip = level[kept[-1] : peak].min() if kept else -np.inf
        lower_peak = min(level[peak], level[kept[-1]] if kept else np.inf)
        if lower_peak - dip > 0.5:  # 2 dB
            kept.append(int(peak))

    return len(kept) / max(float(voiced.sum()) * mel_spectra.HOP_SECONDS, 1e-3)

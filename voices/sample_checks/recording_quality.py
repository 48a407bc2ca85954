"""Measures of a recording: clipping, bandwidth, dynamic range, roughness of the pitch."""

from __future__ import annotations

from typing import Final

import numpy as np

from audio.sound import Sound
from voices.engine import pitch

RATE: Final = 16_000
_FULL: Final = 0.999
_FRAME: Final = 480
_SPECTRUM: Final = 1024
_LISTENED_SECONDS: Final = 60


def measure_clipped_share(sound: Sound) -> float:
    """Return the share of samples at full scale."""
    return float(np.mean(np.abs(sound.samples) >= _FULL)) if len(sound.samples) else 0.0


def measure_bandwidth(speech: Sound) -> int:
    """Return the frequency under which 99.95 % of the energy lies, at most 8 kHz."""
    samples = speech.resample(RATE).samples
    frames = samples[: len(samples) // _SPECTRUM * _SPECTRUM].reshape(-1, _SPECTRUM)
    spectrum = np.fft.rfft(frames * np.hanning(_SPECTRUM).astype(np.float32))
    power = (np.abs(spectrum) ** 2).sum(axis=0)
    if power.sum() <= 0:
        return 0

    upper = int(np.searchsorted(np.cumsum(power), 0.9995 * power.sum()))
    return min(RATE // 2, speech.rate // 2, round(upper / (len(power) - 1) * RATE / 2))


def measure_dynamic_range(sound: Sound) -> float:
    """Return the range from the 3rd to the 95th percentile of frame power, in dB.

    Rooms and microphones give 23 to 69 dB, editing more.
    """
    samples = sound.resample(RATE).samples.astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if len(frames) == 0:
        return 0.0

    power = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return float(np.percentile(power, 95) - np.percentile(power, 3))


def measure_pitch_roughness(sound: Sound) -> float | None:
    """Return the median second difference of log F0 over 10 ms steps, times 1000.

    The result is None without half a second of voice. Synthesisers draw smooth pitch curves (1.8 to
    3.0 here), people hardly do (3.9 to 5.2, and one monotonous reader 2.3).
    """
    f0 = pitch.track_pitch(Sound(sound.samples[: _LISTENED_SECONDS * sound.rate], sound.rate))[::2]
    voiced = f0 > 0
    logs = np.log(np.where(voiced, f0, 1.0))

    run = voiced[2:] & voiced[1:-1] & voiced[:-2]
    if run.sum() < 50:
        return None

    bends = np.abs(logs[2:] - 2 * logs[1:-1] + logs[:-2])
    return float(1000 * np.median(bends[run]))

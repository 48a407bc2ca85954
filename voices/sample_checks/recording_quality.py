"""Measures of a recording: clipping, silence, bandwidth, dynamic range, roughness of the pitch."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import FULL_SCALE, Sound
from engine import pitch

RATE: Final = 16_000
_LEAST_PEAK: Final = 0.01
"""Below it, the steps of 16 bits are flat tops themselves."""
_HIGH: Final = 0.9
_FLAT: Final = 1e-3
_SILENT_SECONDS: Final = 0.02
_HUSH: Final = 1e-3
_MUCH_OFFSET: Final = 0.15
"""Real recordings hold up to 0.06 of their power there."""
_FRAME: Final = 480
_SPECTRUM: Final = 1024
_LISTENED_SECONDS: Final = 60


def measure_clipped_share(sound: Sound) -> float:
    """Return the share of samples on flat tops: three or more at one level near the peak.

    A value over full scale is no sign, since files of floats hold it. A sound that was cut off and
    then made softer is as flat as before.
    """
    if np.abs(sound.samples).max(initial=0) < _LEAST_PEAK:
        return 0.0

    # Amplifiers cut off one side sooner than the other.
    return _measure_flat_share(sound.samples) + _measure_flat_share(-sound.samples)


def _measure_flat_share(samples: NDArray[np.float32]) -> float:
    """Return the share of samples on flat tops above zero."""
    # One step of a flat top: both of its ends are high and hardly differ.
    peak = samples.max()
    high = samples >= _HIGH * peak
    flat = high[1:] & high[:-1] & (np.abs(np.diff(samples)) <= _FLAT * peak)
    inner = flat[1:] & flat[:-1]

    tops = np.zeros(len(samples), dtype=np.bool_)
    for shift in range(3):
        tops[shift : shift + len(inner)] |= inner

    return float(tops.mean())


def clean_recording(sound: Sound) -> Sound:
    """Return the sound without digital silence, and without an offset or a rumble that stands out.

    Both are the equipment's, and would be taken for the voice's.
    """
    heard = cut_digital_silence(sound)
    level = heard.remove_offset()
    removed = _measure_power(heard.samples - level.samples)

    # A little rumble is in every recording, and the limits of the checks were set with it.
    return level if removed > _MUCH_OFFSET * _measure_power(level.samples) else heard


def _measure_power(samples: NDArray[np.float32]) -> float:
    return float(samples.astype(np.float64) @ samples)


def cut_digital_silence(sound: Sound) -> Sound:
    """Return the sound without stretches of one value, which no room and no microphone makes.

    Noise gates and editors leave them, at the ends and between words.
    """
    size = round(_SILENT_SECONDS * sound.rate)
    whole = len(sound.samples) // size * size
    frames = sound.samples[:whole].reshape(-1, size)
    # Two steps of 16 bits: dither around nothing.
    silent = np.ptp(frames, axis=1) <= min(
        2 / FULL_SCALE, _HUSH * np.abs(sound.samples).max(initial=0)
    )
    if not silent.any():
        return sound

    return Sound(np.concatenate((frames[~silent].ravel(), sound.samples[whole:])), sound.rate)


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

"""Net speech: the parts of a recording that are speech, without pauses, steady noise and hum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from audio.sound import Sound, quantise_samples

RATE: Final = 16_000
FRAME: Final = 480  # 30 ms
_STRICT: Final = 3
_BELOW_LOUD_DB: Final = 35.0
_ABSOLUTE_DB: Final = -100.0
_LOUD_FRAMES: Final = 50
"""A second and a half of speech sets the level, however long the lead is in front of it."""
_LEVEL_DB: Final = -23.0
_SECOND: Final = 33  # frames
_LEAST_SWING_DB: Final = 6.0
"""Speech rises and falls by 20 dB within a second.

Hum and noise, which the detector reports as speech, do not.
"""
_HANGOVER: Final = 3  # frames kept on each side, for soft beginnings and ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """The speech of a recording.

    `speech` is the recording at 16 kHz without its pauses, `share` its share of the whole, `snr_db`
    its level over the noise, and `loud_db` the level of its loud frames.
    """

    speech: Sound
    share: float
    snr_db: float
    loud_db: float

    @property
    def seconds(self) -> float:
        """Return the seconds of net speech."""
        return self.speech.seconds


def detect_speech(sound: Sound) -> Activity:
    """Return the speech of a recording.

    It is the frames that WebRTC's detector reports as speech, not far below the loud ones, and
    modulated.
    """
    samples = sound.resample(RATE).samples
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if len(frames) == 0:
        nothing = Sound(np.zeros(0, dtype=np.float32), RATE)
        return Activity(speech=nothing, share=0.0, snr_db=0.0, loud_db=_ABSOLUTE_DB)

    power = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    loud = _measure_loud(power)

    active = (
        (power > max(loud - _BELOW_LOUD_DB, _ABSOLUTE_DB))
        & _modulated_frames(power)
        & _detect_by_webrtc(frames, loud)
    )

    # "full" and cut, because "same" is as long as the window where the sound is shorter than that.
    spread = np.convolve(active, np.ones(2 * _HANGOVER + 1), "full")
    kept = spread[_HANGOVER : _HANGOVER + len(active)] > 0.5

    return Activity(
        speech=Sound(np.ascontiguousarray(frames[kept].ravel()), RATE),
        share=float(kept.mean()),
        snr_db=_measure_snr(power, kept),
        loud_db=loud,
    )


def _measure_loud(power: NDArray[np.float64]) -> float:
    """Return the level of the loud frames, in dB of full scale."""
    loud = float(np.percentile(power, 95))
    if len(power) <= _LOUD_FRAMES:
        return loud

    return max(loud, float(np.partition(power, -_LOUD_FRAMES)[-_LOUD_FRAMES]))


def _detect_by_webrtc(frames: NDArray[np.float32], loud: float) -> NDArray[np.bool_]:
    """Return the detector's answer for each frame, at the level that it expects."""
    gain = np.float32(10 ** ((_LEVEL_DB - loud) / 20))
    detector = webrtcvad.Vad(_STRICT)
    return np.array(
        [detector.is_speech(quantise_samples(frame * gain).tobytes(), RATE) for frame in frames]
    )


def _modulated_frames(power: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Check for each frame whether the second around it rises and falls like speech."""
    padded = np.pad(power, _SECOND // 2, mode="reflect") if len(power) > _SECOND else power
    if len(padded) < _SECOND:
        return np.full(len(power), np.ptp(power) >= _LEAST_SWING_DB)

    around = np.lib.stride_tricks.sliding_window_view(padded, _SECOND)
    swing = np.percentile(around, 90, axis=1) - np.percentile(around, 10, axis=1)
    return np.asarray(swing[: len(power)] >= _LEAST_SWING_DB)


def _measure_snr(power: NDArray[np.float64], speech: NDArray[np.bool_]) -> float:
    """Return the mean power of speech over that of the quietest twentieth, in dB."""
    if not speech.any():
        return 0.0

    linear = 10 ** (power / 10)
    noise = max(float(np.percentile(linear, 5)), 1e-12)
    return float(10 * np.log10(max(float(linear[speech].mean()) - noise, 1e-12) / noise))

"""Room tone: the sound of a recording between the words, measured and made again.

A line that is too short for a watermark is lengthened with it. The tone is noise with the spectrum
and the level of the quietest stretch of a recording. So nothing of the recording itself is played,
nothing is looped, and there is no joint in it that could be heard.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound

# Centres of the bands, in Hz, and how far their edges lie from them, as a factor.
CENTRES: Final = tuple(62.5 * 2 ** (step / 2) for step in range(16))
_HALF_BAND: Final = 2**0.25
# How far below the speech the tone lies at least and at most, in dB. Half a second of it after a
# line is then below what is heard of a quiet room.
LOUDEST_DB: Final = -48.0
QUIETEST_DB: Final = -66.0
_USUAL_DB: Final = -58.0
_USUAL_SLOPE_DB: Final = -4.0
"""Of the usual tone, in dB an octave: rooms rumble more than they hiss."""
_FRAME_SECONDS: Final = 0.04
_STRETCH_SECONDS: Final = 0.24
# Quieter frames are digital silence, which says nothing of a room.
_GATE_POWER: Final = 10 ** (-96 / 10)
# Frames this far below the loudest are no speech.
_SPEECH_RANGE: Final = 10 ** (-30 / 10)
# The tone rises under the end of the line, and falls at its own end.
_RISE_SECONDS: Final = 0.06
_FALL_SECONDS: Final = 0.02
# A line that is cut off at its end would click before the tone, so its last samples fade.
_LINE_FADE_SECONDS: Final = 0.004

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTone:
    """A room tone: the level of each band of `CENTRES` in dB an Hz, below the speech's power."""

    levels_db: tuple[float, ...]

    def lengthen(self, sound: Sound, seconds: float) -> Sound:
        """Return `sound` with this tone behind it, so that it lasts `seconds`.

        Longer sounds are returned unchanged. The same sound always gets the same tone.
        """
        missing = round(seconds * sound.rate) - len(sound.samples)
        if missing <= 0 or not len(sound.samples):
            return sound

        rise = min(len(sound.samples), round(_RISE_SECONDS * sound.rate))
        tone = self._make_tone(sound, missing + rise)
        tone[:rise] *= _build_slope(rise)
        fall = min(missing, round(_FALL_SECONDS * sound.rate))
        tone[len(tone) - fall :] *= _build_slope(fall)[::-1]

        samples = np.pad(sound.samples, (0, missing))
        fade = min(len(sound.samples), round(_LINE_FADE_SECONDS * sound.rate))
        end = len(sound.samples)
        samples[end - fade : end] *= _build_slope(fade)[::-1].astype(np.float32)
        samples[end - rise :] += tone.astype(np.float32)

        return Sound(samples, sound.rate)

    def _make_tone(self, sound: Sound, size: int) -> Levels:
        """Return `size` samples of noise with this spectrum, as loud as it is beside the speech."""
        # The line itself is the seed, so that copies of one sound stay the same sound.
        digest = hashlib.sha256(sound.pcm16()).digest()
        random = np.random.default_rng(int.from_bytes(digest[:8], "big"))

        frequencies = np.fft.rfftfreq(size, 1 / sound.rate)
        heights = np.interp(
            np.log2(np.maximum(frequencies, CENTRES[0] / 2)), np.log2(CENTRES), self.levels_db
        )
        # The power of white noise of variance 1 is 2 / rate in each Hz.
        shape = 10 ** (heights / 20) * np.sqrt(sound.rate / 2)
        shape[frequencies < CENTRES[0] / 2] = 0.0
        noise = np.fft.irfft(np.fft.rfft(random.standard_normal(size)) * shape, size)

        tone: Levels = noise * np.sqrt(measure_speech_power(sound))
        return tone


def measure_room_tone(recording: Sound) -> RoomTone:
    """Return the tone of the quietest stretch of a recording.

    Where all of it is speech or digital silence, the usual tone is returned.
    """
    frames = _cut_frames(recording)
    count = round(_STRETCH_SECONDS / _FRAME_SECONDS)
    if len(frames) < count:
        return USUAL_TONE

    powers = np.square(frames).mean(axis=1)
    whole = np.convolve(powers < _GATE_POWER, np.ones(count), "valid") == 0
    if not whole.any():
        return USUAL_TONE

    sums = np.convolve(powers, np.ones(count), "valid")
    start = int(np.argmin(np.where(whole, sums, np.inf)))

    return _limit_level(
        _measure_levels(frames[start : start + count], recording.rate)
        - 10 * np.log10(max(measure_speech_power(recording), 1e-12))
    )


def measure_speech_power(sound: Sound) -> float:
    """Return the mean square of what speaks: frames that are not far below the loudest one."""
    frames = _cut_frames(sound)
    if not len(frames):
        return float(np.square(sound.samples.astype(np.float64)).mean()) if sound.rate else 0.0

    powers = np.square(frames).mean(axis=1)
    return float(powers[powers >= powers.max() * _SPEECH_RANGE].mean())


def measure_tone_level(tone: RoomTone) -> float:
    """Return how far all of a tone lies below the speech, in dB."""
    widths = np.array(CENTRES) * (_HALF_BAND - 1 / _HALF_BAND)
    return float(10 * np.log10((10 ** (np.array(tone.levels_db) / 10) * widths).sum()))


def _limit_level(levels: Levels) -> RoomTone:
    """Return a tone with these levels, as a whole within the bounds of what may be added."""
    level = measure_tone_level(RoomTone(levels_db=tuple(levels)))
    shift = float(np.clip(level, QUIETEST_DB, LOUDEST_DB)) - level

    return RoomTone(levels_db=tuple(round(float(one + shift), 2) for one in levels))


def _measure_levels(frames: Levels, rate: int) -> Levels:
    """Return the power of each band in dB an Hz. Bands above the recording's repeat the last."""
    window = np.hanning(frames.shape[1])
    spectrum = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).mean(axis=0)
    density = 2 * spectrum / (rate * np.square(window).sum())
    frequencies = np.fft.rfftfreq(frames.shape[1], 1 / rate)

    found: list[float] = []
    for centre in CENTRES:
        inside = (frequencies >= centre / _HALF_BAND) & (frequencies < centre * _HALF_BAND)
        if centre * _HALF_BAND > 0.45 * rate or not inside.any():
            nearest = density[int(np.argmin(np.abs(frequencies - centre)))]
            found.append(found[-1] if found else float(10 * np.log10(nearest + 1e-18)))
        else:
            found.append(float(10 * np.log10(density[inside].mean() + 1e-18)))

    return np.array(found)


def _cut_frames(sound: Sound) -> Levels:
    size = max(1, round(_FRAME_SECONDS * sound.rate))
    count = len(sound.samples) // size
    return sound.samples[: count * size].reshape(count, size).astype(np.float64)


def _build_slope(size: int) -> Levels:
    """Return the rising half of a cosine."""
    slope: Levels = 0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(size, 1))
    return slope


USUAL_TONE: Final = _limit_level(
    _USUAL_DB + np.array([_USUAL_SLOPE_DB * np.log2(one / CENTRES[0]) for one in CENTRES])
)
"""The tone of a quiet room, for voices of which no recording is kept."""

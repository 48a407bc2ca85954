"""The pitch tracker, against signals whose pitch is known and against a second method on a real
voice.
"""

from __future__ import annotations

import numpy as np
import pytest

from audio.sound import Sound
from engine import pitch
from tests.support import audio_files


def voice(hz: np.ndarray, *, weights: tuple[float, ...], rate: int = 16_000) -> Sound:
    """Harmonics with these weights above a gliding pitch."""
    phase = 2 * np.pi * np.cumsum(hz) / rate
    total = sum(weight * np.sin((at + 1) * phase) for at, weight in enumerate(weights))
    return Sound((0.1 * np.asarray(total)).astype(np.float32), rate)


def cepstral_pitch(sound: Sound) -> float:
    """The median pitch by the highest cepstral peak of loud 64 ms frames: another principle than
    YIN's.
    """
    frames = np.lib.stride_tricks.sliding_window_view(sound.samples.astype(float), 1024)[::160]
    power = (frames**2).sum(axis=1)
    loud = frames[power > np.percentile(power, 60)] * np.hanning(1024)
    cepstrum = np.fft.irfft(np.log(np.abs(np.fft.rfft(loud)) + 1e-6))
    return float(np.median(16_000 / (cepstrum[:, 40:267].argmax(axis=1) + 40)))


class TestTrack:
    @pytest.mark.parametrize("hz", [65, 100, 150, 235, 330, 440])
    @pytest.mark.parametrize(
        "weights", [(1.0,), (1, 0.5, 0.3, 0.2), (0.3, 1, 0.5, 0.7), (0.2, 1, 0.4, 0.8)]
    )
    def test_reads_the_pitch_and_not_its_octave(self, hz: int, weights: tuple[float, ...]) -> None:
        found = pitch.track_pitch(voice(np.full(16_000, float(hz)), weights=weights))

        inner = found[20:-20]
        assert np.median(inner) == pytest.approx(hz, rel=0.02)
        assert np.mean(np.abs(inner / hz - 1) < 0.05) > 0.95

    def test_follows_a_glide(self) -> None:
        hz = np.linspace(90, 180, 32_000)

        found = pitch.track_pitch(voice(hz, weights=(1, 0.6, 0.4)))[20:-20]

        assert found == pytest.approx(hz[::80][20 : 20 + len(found)], rel=0.05)

    def test_calls_noise_and_silence_unvoiced(self) -> None:
        noise = np.random.default_rng(5).normal(0, 0.1, 16_000).astype(np.float32)

        assert np.mean(pitch.track_pitch(Sound(noise, 16_000)) > 0) < 0.1
        assert not pitch.track_pitch(Sound(np.zeros(16_000, dtype=np.float32), 16_000)).any()

    @pytest.mark.parametrize("number", ["0870", "0880", "0890", "0920", "0930"])
    def test_agrees_with_a_second_method_on_a_real_voice(self, number: str) -> None:
        found = pitch.track_pitch(audio_files.clip(number))

        assert np.median(found[found > 0]) == pytest.approx(
            cepstral_pitch(audio_files.clip(number)), rel=0.15
        )

    def test_takes_nothing(self) -> None:
        assert not pitch.track_pitch(Sound(np.zeros(0, dtype=np.float32), 16_000)).any()

"""From sound to features: what the level of speech is, and how much speech there is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.watermark_speech import NAMES, clip
from watermark.speech import features
from watermark.speech.parameters import Samples


def level(samples: Samples) -> float:
    return features.measure_speech_level(features.compute_energies(samples))


class TestSpeechLevel:
    @pytest.mark.parametrize("seconds", [1, 10, 60])
    def test_does_not_fall_with_silence_around(self, seconds: int) -> None:
        """The reader must weigh cells as the writer did, however the clip was padded since."""
        speech = clip().samples
        padded = np.pad(speech, (seconds * 16_000, seconds * 16_000))
        assert level(padded) == pytest.approx(level(speech), abs=0.5)

    def test_follows_the_gain(self) -> None:
        speech = clip().samples
        assert level(speech * np.float32(0.1)) == pytest.approx(level(speech) - 20.0, abs=0.1)


class TestSpeechSeconds:
    def test_leaves_pauses_out(self) -> None:
        speech = clip().samples
        alone = features.measure_speech_seconds(speech, 16_000)
        assert 1.5 < alone <= speech.size / 16_000
        assert features.measure_speech_seconds(
            np.pad(speech, (0, 48_000)), 16_000
        ) == pytest.approx(alone, abs=0.3)

    def test_is_nothing_in_next_to_nothing(self) -> None:
        assert features.measure_speech_seconds(np.zeros(100, dtype=np.float32), 16_000) == 0.0


def passed(samples: Samples, rate: int, low: float, high: float) -> Samples:
    """What a filter lets pass, in Hz."""
    spectrum, place = np.fft.rfft(samples), np.fft.rfftfreq(samples.size, 1 / rate)
    kept: Samples = np.fft.irfft(spectrum * ((place > low) & (place < high)), samples.size).astype(
        np.float32
    )
    return kept


def made_up(name: str) -> Samples:
    """Three seconds that hold no speech, at 16 kHz."""
    time, random = np.arange(48_000) / 16_000, np.random.default_rng(1)
    beat = np.sin(2 * np.pi * 3 * time) > 0
    sounds = {
        "a tone": np.sin(2 * np.pi * 440 * time),
        "a chord": sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330, 440)),
        "a hum": sum(np.sin(2 * np.pi * 150 * part * time) / part for part in range(1, 30)),
        "a tone that swells": np.sin(2 * np.pi * 1_000 * time) * (1 + np.sin(2 * np.pi * 4 * time)),
        "dial tones": (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1_336 * time)) * beat,
        "noise": random.normal(size=48_000),
        "noise in bursts": random.normal(size=48_000) * beat,
    }
    made: Samples = (0.3 * sounds[name] / np.abs(sounds[name]).max()).astype(np.float32)
    return made


class TestSpeaks:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("rate", [6_000, 7_000, 8_000, 9_600, 11_025, 16_000, 48_000])
    def test_takes_speech_at_every_rate(self, name: str, rate: int) -> None:
        assert features.is_speech(clip(name, rate=rate).samples, rate)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
    @pytest.mark.parametrize("band", [(300, 3_400), (200, 2_600)])
    def test_takes_speech_that_was_through_a_telephone(
        self, name: str, rate: int, band: tuple[int, int]
    ) -> None:
        assert features.is_speech(passed(clip(name, rate=rate).samples, rate, *band), rate)

    @pytest.mark.parametrize(
        "name",
        [
            "a tone",
            "a chord",
            "a hum",
            "a tone that swells",
            "dial tones",
            "noise",
            "noise in bursts",
        ],
    )
    @pytest.mark.parametrize("rate", [7_000, 8_000, 11_025, 16_000])
    def test_refuses(self, name: str, rate: int) -> None:
        assert not features.is_speech(features.resample_mono(made_up(name), 16_000, rate), rate)


class TestEnergies:
    def test_puts_a_tone_into_its_own_band(self) -> None:
        """1 kHz is bin 12 of 83.3 Hz; the first band is bin 4."""
        tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
        assert set(features.compute_energies(tone).argmax(axis=1).tolist()) == {8}

"""From sound to features: what the level of speech is, and how much speech there is."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.watermark import analysis
from provenance.watermark.scheme import Samples
from tests.provenance.watermark.speech import clip


def level(samples: Samples) -> float:
    return analysis.speech_level(analysis.energies(samples))


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
        alone = analysis.speech_seconds(speech, 16_000)
        assert 1.5 < alone <= speech.size / 16_000
        assert analysis.speech_seconds(np.pad(speech, (0, 48_000)), 16_000) == pytest.approx(alone, abs=0.3)

    def test_is_nothing_in_next_to_nothing(self) -> None:
        assert analysis.speech_seconds(np.zeros(100, dtype=np.float32), 16_000) == 0.0


class TestEnergies:
    def test_puts_a_tone_into_its_own_band(self) -> None:
        """1 kHz is bin 12 of 83.3 Hz; the first band is bin 4."""
        tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
        assert set(analysis.energies(tone).argmax(axis=1).tolist()) == {8}

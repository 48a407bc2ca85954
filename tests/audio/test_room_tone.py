"""Room tone: as loud as the room of a recording, without a joint, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from audio import room_tone
from audio.room_tone import LOUDEST_DB, QUIETEST_DB, USUAL_TONE, measure_room_tone
from audio.sound import Sound
from tests.voices.conftest import AUDIO

RATE = 24_000


def speech(seconds: float = 0.8) -> Sound:
    """A word or two of a reader."""
    samples, rate = soundfile.read(AUDIO / "librivox-austen-0870.wav", dtype="float32")
    whole = Sound(np.ascontiguousarray(samples), rate).resample(RATE)
    start = RATE // 2
    return Sound(whole.samples[start : start + round(seconds * RATE)], RATE)


def level(samples: np.typing.NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.square(samples.astype(np.float64)).mean() + 1e-15))


def room(decibels: float, rate: int = 16_000) -> Sound:
    """Two seconds of speech, then a second of hiss this far below it."""
    words = np.tile(speech().resample(rate).samples, 3)[: 2 * rate]
    hiss = np.random.default_rng(4).standard_normal(rate).astype(np.float32)
    power = room_tone.measure_speech_power(Sound(words, rate))
    hiss *= np.float32(np.sqrt(power) * 10 ** (decibels / 20))
    return Sound(np.concatenate([words, hiss]), rate)


class TestTheLevel:
    @pytest.mark.parametrize("decibels", [-64.0, -56.0, -50.0])
    def test_is_that_of_the_quietest_stretch(self, decibels: float) -> None:
        tone = measure_room_tone(room(decibels))
        # The hiss ends at 8 kHz and the tone goes on above it.
        assert room_tone.measure_tone_level(tone) == pytest.approx(decibels, abs=2.5)

    @pytest.mark.parametrize(("decibels", "limit"), [(-20.0, LOUDEST_DB), (-72.0, QUIETEST_DB)])
    def test_stays_within_what_is_not_heard(self, decibels: float, limit: float) -> None:
        tone = measure_room_tone(room(decibels))
        assert room_tone.measure_tone_level(tone) == pytest.approx(limit, abs=0.1)

    @pytest.mark.parametrize("seconds", [0.0, 0.01, 2.0])
    def test_of_digital_silence_is_the_usual_one(self, seconds: float) -> None:
        silence = Sound(np.zeros(round(seconds * RATE), dtype=np.float32), RATE)
        assert measure_room_tone(silence) is USUAL_TONE

    def test_behind_a_line_is_as_far_below_the_speech(self) -> None:
        line = speech()
        longer = USUAL_TONE.lengthen(line, 2.0)
        below = level(longer.samples[len(line.samples) + RATE // 10 :]) - 10 * np.log10(
            room_tone.measure_speech_power(line)
        )
        assert below == pytest.approx(room_tone.measure_tone_level(USUAL_TONE), abs=2.0)


class TestALine:
    @pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
    def test_is_as_long_as_it_is_asked_to_be(self, rate: int) -> None:
        line = speech().resample(rate)
        assert len(USUAL_TONE.lengthen(line, 1.5).samples) == round(1.5 * rate)

    def test_keeps_its_own_sound_but_for_its_end(self) -> None:
        line, longer = speech(), USUAL_TONE.lengthen(speech(), 1.5)
        kept = len(line.samples) - RATE // 10
        assert np.array_equal(longer.samples[:kept], line.samples[:kept])

    def test_of_the_wanted_length_stays_as_it_is(self) -> None:
        line = speech()
        assert USUAL_TONE.lengthen(line, line.seconds) is line

    def test_gets_the_same_tone_each_time(self) -> None:
        one, other = (USUAL_TONE.lengthen(speech(), 1.5) for _ in range(2))
        assert np.array_equal(one.samples, other.samples)

    def test_that_is_cut_off_ends_without_a_click(self) -> None:
        """Above 8 kHz, where a click is and speech hardly, the end is 20 dB below that of a cut."""
        line = speech()
        assert np.abs(line.samples[-RATE // 200 :]).max() > 0.01
        longer = USUAL_TONE.lengthen(line, 1.5).samples
        cut = np.pad(line.samples, (0, len(longer) - len(line.samples)))

        def loudest_hiss(samples: np.typing.NDArray[np.float32]) -> float:
            size, end = RATE // 200, len(line.samples)
            window = np.hanning(size).astype(np.float32)
            pieces = [samples[at : at + size] * window for at in range(end - size, end, 12)]
            return max(float(np.square(np.abs(np.fft.rfft(one)))[40:].sum()) for one in pieces)

        assert loudest_hiss(longer) < 0.01 * loudest_hiss(cut)

"""Sounds of every kind: rates, channels, levels, and those that hold next to nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audiowmark_vectors import KEY, MESSAGE, WRONG_KEY, sound
from watermark.audiowmark import BadMessage, detect, embed
from watermark.audiowmark.audiowmark_detector import HOPEFUL
from watermark.audiowmark.audiowmark_parameters import Samples
from watermark.audiowmark.peak_limiter import cut_to_16_bits, limit_peaks
from watermark.audiowmark.resampling import resample_channels
from watermark.audiowmark.sliding_stft import compute_sliding_levels
from watermark.audiowmark.stft import compute_levels


def speech(rate: int, *, seconds: float = 16.0, channels: int = 1) -> Samples:
    """Seconds of the vectors' speech at a rate."""
    host, found = sound("mono24_30.original")
    mono = resample_channels(host[: round(seconds * found)], found, rate)
    return np.concatenate([mono * (0.9 - 0.3 * channel) for channel in range(channels)], axis=1)


class TestEverySound:
    @pytest.mark.parametrize(
        ("rate", "channels"), [(8_000, 1), (22_050, 2), (33_333, 1), (44_100, 2), (96_000, 1)]
    )
    def test_carries_a_message(self, rate: int, channels: int) -> None:
        host = speech(rate, channels=channels)
        marked = embed(host, rate, key=KEY, message=MESSAGE, strength=15)
        assert marked.shape == host.shape
        assert MESSAGE in {
            row.message
            for row in detect(marked, rate, keys=[KEY], minimum=HOPEFUL)
            if row.believable
        }

    def test_keeps_a_message_through_another_rate_and_a_cut(self) -> None:
        marked = embed(speech(24_000, seconds=20.0), 24_000, key=KEY, message=MESSAGE, strength=15)
        moved = resample_channels(marked, 24_000, 32_000)[43_210:]
        assert [
            row.message
            for row in detect(moved, 32_000, keys=[KEY], minimum=HOPEFUL)
            if row.believable
        ] == [MESSAGE]

    def test_is_looked_through_with_every_key(self) -> None:
        marked = embed(speech(24_000), 24_000, key=WRONG_KEY, message=MESSAGE, strength=15)
        rows = detect(marked, 24_000, keys=[KEY, WRONG_KEY], minimum=HOPEFUL)
        assert [(row.key, row.message) for row in rows if row.believable] == [("wrong", MESSAGE)]


class TestNextToNothing:
    @pytest.mark.parametrize(
        ("rate", "size", "level"),
        [
            *product(
                (8_000, 44_100), (0, 1, 1025, 5000), (0.0, 0.3)
            ),  # brought to the scheme's rate, and at it
            *product((44_100,), (2, 1023, 1024), (0.3,)),  # a frame has 1024 samples
            *product((24_000, 48_000), (1024,), (1e-12,)),
        ],
    )
    def test_is_marked_and_read_without_complaint(self, rate: int, size: int, level: float) -> None:
        host = level * np.sin(np.arange(2 * size).reshape(size, 2))
        marked = embed(host, rate, key=KEY, message=MESSAGE)
        assert marked.shape == host.shape
        assert np.isfinite(marked).all()
        assert level or not marked.any()
        rows = detect(marked, rate, keys=[KEY], minimum=HOPEFUL)
        assert not [row for row in rows if row.believable]

    def test_has_no_rows_when_it_is_silent(self) -> None:
        assert detect(np.zeros((60 * 8_000, 1)), 8_000, keys=[KEY]) == []

    def test_gives_finite_rows_for_a_click_in_silence(self) -> None:
        host = np.zeros((20 * 44_100, 1))
        host[300_000] = 1.0
        rows = detect(host, 44_100, keys=[KEY])
        assert np.isfinite([(row.quality, row.error, row.rating) for row in rows]).all()

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_is_refused_when_it_is_no_number(self, value: float) -> None:
        host = np.full((10, 1), value)
        with pytest.raises(ValueError, match="numbers"):
            embed(host, 44_100, key=KEY, message=MESSAGE)
        with pytest.raises(ValueError, match="numbers"):
            detect(host, 44_100, keys=[KEY])

    @pytest.mark.parametrize(
        ("shape", "rate"), [((10,), 44_100), ((10, 0), 44_100), ((10, 1), 0), ((10, 1), -1)]
    )
    def test_is_refused_when_it_is_no_sound(self, shape: tuple[int, ...], rate: int) -> None:
        with pytest.raises(ValueError, match="shape"):
            detect(np.zeros(shape), rate, keys=[KEY])

    def test_is_refused_a_message_that_is_none(self) -> None:
        with pytest.raises(BadMessage):
            embed(np.zeros((10, 1)), 44_100, key=KEY, message="hello")


class TestLimiter:
    def test_leaves_quiet_sounds_alone(self) -> None:
        host = np.full((3000, 1), 0.99)
        assert np.array_equal(limit_peaks(host, 1000), host)

    @settings(max_examples=30)
    @given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=60), st.integers(1, 20))
    def test_lets_nothing_over_its_ceiling(self, values: list[float], rate: int) -> None:
        assert np.abs(limit_peaks(np.array(values)[:, None], rate)).max() <= 0.99 + 1e-12

    @pytest.mark.parametrize(
        ("value", "step"), [(0.5, 16384), (-1e-6, -1), (1e-6, 0), (1.5, 32767), (-1.5, -32768)]
    )
    def test_is_followed_by_a_cut_and_no_rounding(self, value: float, step: int) -> None:
        assert cut_to_16_bits(np.array([[value]])).tolist() == [[step]]


class TestResampled:
    @pytest.mark.parametrize(
        ("source", "target"), [(24_000, 44_100), (44_100, 24_000), (33_333, 44_100)]
    )
    def test_keeps_a_tone_in_its_place(self, source: int, target: int) -> None:
        def tone(rate: int) -> Samples:
            return np.sin(2.0 * np.pi * 1000.0 * np.arange(rate) / rate)[:, None]

        found = resample_channels(tone(source), source, target)
        assert found.shape == (target, 1)
        assert np.abs(found - tone(target))[100:-100].max() < 1e-3

    def test_is_the_same_by_matrix_and_by_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = np.random.default_rng(1).normal(size=(3000, 1))
        by_matrix = resample_channels(host, 24_000, 44_100)
        monkeypatch.setattr("watermark.audiowmark.resampling.MOST_PHASES", 0)
        assert np.abs(by_matrix - resample_channels(host, 24_000, 44_100)).max() < 1e-6


class TestSlidingLevels:
    @pytest.mark.parametrize("silent", [slice(0, 0), slice(900, 2200), slice(0, 4000)])
    def test_are_those_of_each_frame_by_itself(self, silent: slice) -> None:
        host = np.random.default_rng(2).normal(size=(4000, 2))
        host[silent] = 0.0
        starts = np.array([0, 7, 1000, 2400])
        found = compute_sliding_levels(host, starts, step=8, steps=64)
        for number in range(65):
            assert np.abs(found[number] - compute_levels(host, starts + 8 * number)).max() < 1e-6

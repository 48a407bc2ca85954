"""The masked mark: bins move as far as they are hidden, and every reader of the scheme reads it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from tests.support.audiowmark_vectors import KEY, MESSAGE, sound
from watermark.audiowmark import DetectorRow, detect
from watermark.audiowmark.audiowmark_detector import HOPEFUL
from watermark.audiowmark.audiowmark_embedder import compute_difference
from watermark.audiowmark.audiowmark_parameters import BANDS, FRAME, RATE, Samples
from watermark.audiowmark.masking import compute_weights
from watermark.audiowmark.stft import compute_spectrum, to_decibels

LEVELS = arrays(np.float64, (3, BANDS), elements=st.floats(-140.0, -1.0))
OPUS = Output(codec="opus", sample_rate_hz=24_000, bit_rate_bps=24_000)


class TestWeights:
    @given(LEVELS)
    def test_move_every_bin_and_none_too_far(self, level: np.typing.NDArray[np.float64]) -> None:
        found = compute_weights(level)
        assert found.shape == level.shape
        assert (found > 0.0).all()
        assert (found <= 3.5 * 1.4).all()

    @given(LEVELS, st.integers(0, BANDS - 1))
    def test_move_a_bin_further_the_deeper_it_is_hidden(
        self, level: np.typing.NDArray[np.float64], band: int
    ) -> None:
        level[:, (band + 1) % BANDS] = -10.0  # the peak stays another's
        level[:, band] = -15.0
        deeper = level.copy()
        deeper[:, band] = -45.0
        assert (compute_weights(deeper)[:, band] > compute_weights(level)[:, band]).all()

    @given(LEVELS, st.floats(-20.0, 0.0))
    def test_do_not_mind_how_loud_speech_is(
        self, level: np.typing.NDArray[np.float64], change: float
    ) -> None:
        level[:, 7] = -1.0
        assert np.allclose(compute_weights(level + change), compute_weights(level))

    def test_are_halved_in_pauses(self) -> None:
        speech = np.full((1, BANDS), -50.0)
        assert np.allclose(compute_weights(speech - 20.0), 0.5 * compute_weights(speech))

    def test_take_digital_silence(self) -> None:
        assert np.isfinite(compute_weights(np.full((2, BANDS), -96.0))).all()


class TestTheMark:
    def test_is_read_as_any_other(self) -> None:
        (first, *_) = read(marked(masked=True))
        assert (first.message, first.believable) == (MESSAGE, True)

    def test_is_clearer_than_an_unmasked_one_that_adds_more(self) -> None:
        adds = {masked: np.sum(np.square(added(masked=masked))) for masked in (True, False)}
        after = {masked: read(through_opus(marked(masked=masked)))[0] for masked in (True, False)}
        assert adds[True] < 0.8 * adds[False]
        assert after[True].message == after[False].message == MESSAGE
        assert after[True].error < after[False].error
        assert after[True].quality > after[False].quality

    def test_changes_what_is_loud_least(self) -> None:
        host, rate = sound("loud44_8.original")
        assert rate == RATE
        change = compute_difference(host, rate, key=KEY, message=MESSAGE, masked=True)
        level, moved = (
            to_decibels(compute_spectrum(frames_of(one[:, 0]))) for one in (host, change)
        )
        below = level.max(axis=1, keepdims=True) - level
        share = moved - level  # dB of the change against the bin
        assert np.median(share[below < 3.0]) < np.median(share[below > 20.0]) - 10.0

    @pytest.mark.parametrize("value", [0.0, 1e-9])
    def test_leaves_silence_nearly_alone(self, value: float) -> None:
        silence = np.full((RATE, 1), value)
        assert (
            np.abs(compute_difference(silence, RATE, key=KEY, message=MESSAGE, masked=True)).max()
            < 1e-7
        )


def frames_of(row: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    return row[: row.size // FRAME * FRAME].reshape(-1, FRAME)


@cache
def added(*, masked: bool) -> np.typing.NDArray[np.float64]:
    host, rate = speech()
    return compute_difference(host, rate, key=KEY, message=MESSAGE, strength=15, masked=masked)


def speech() -> tuple[Samples, int]:
    """Twenty seconds."""
    host, rate = sound("mono24_30.original")
    return host[: 20 * rate], rate


def marked(*, masked: bool) -> Sound:
    host, rate = speech()
    return Sound((host + added(masked=masked))[:, 0].astype(np.float32), rate)


def through_opus(heard: Sound) -> Sound:
    return decode_trusted(encode_sound(heard, OPUS), "opus")


def read(heard: Sound) -> list[DetectorRow]:
    return detect(
        heard.samples.astype(np.float64)[:, None], heard.rate, keys=[KEY], minimum=HOPEFUL
    )

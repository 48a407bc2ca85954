"""Marking a stream while it passes: as long as the input, never far behind it, and read like a
file.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import watermark
from audio.sound import Sound
from tests.support.watermark_speech import KEY, NAMES, TOKEN, clip
from watermark import StreamEmbedder
from watermark.speech.parameters import Samples
from watermark.speech.stream_embedder import LOOK_AHEAD_SECONDS

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)


def pieces(samples: Samples, cuts: list[int]) -> list[Samples]:
    """The samples cut at these places."""
    return [samples[start:stop] for start, stop in pairwise([0, *sorted(cuts), samples.size])]


def streamed(sound: Sound, cuts: list[int] | None = None) -> Samples:
    """The sound pushed through in pieces of 20 ms, or in those that `cuts` makes."""
    size = sound.rate // 50
    stream = StreamEmbedder(sound.rate, token=TOKEN, key=KEY)
    parts = pieces(
        sound.samples, list(range(size, sound.samples.size, size)) if cuts is None else cuts
    )
    return np.concatenate([*map(stream.push, parts), stream.finish()])


class TestStreamEmbedder:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_read_like_a_file(self, name: str) -> None:
        reading = watermark.detect(streamed(clip(name)), 16_000, key=KEY)
        assert reading is not None
        assert reading.token == TOKEN

    @pytest.mark.parametrize("rate", RATES)
    def test_gives_as_much_as_it_takes(self, rate: int) -> None:
        sound = clip(rate=rate)
        assert streamed(sound).size == sound.samples.size

    @pytest.mark.parametrize("rate", RATES)
    def test_is_never_more_than_its_look_ahead_behind(self, rate: int) -> None:
        stream, taken, given_out = StreamEmbedder(rate, token=TOKEN, key=KEY), 0, 0
        for piece in pieces(clip(rate=rate).samples, list(range(0, 3 * rate, rate // 100))):
            assert taken - given_out <= LOOK_AHEAD_SECONDS * rate
            given_out += stream.push(piece).size
            taken += piece.size

    @settings(max_examples=8, deadline=None)
    @given(st.lists(st.integers(0, 52_000), max_size=6))
    def test_does_not_mind_how_the_stream_is_cut(self, cuts: list[int]) -> None:
        assert np.array_equal(streamed(clip(), cuts), streamed(clip(), []))

    @pytest.mark.parametrize("size", [0, 1, 191, 400, 577, 3_000, 16_000])
    def test_takes_streams_of_next_to_nothing(self, size: int) -> None:
        sound = Sound(clip().samples[:size], 16_000)
        assert streamed(sound).size == size

    def test_leaves_silence_silent(self) -> None:
        assert not streamed(Sound(np.zeros(48_000, dtype=np.float32), 24_000)).any()

    def test_stays_within_full_scale(self) -> None:
        loud = clip().samples / np.abs(clip().samples).max()
        assert np.abs(streamed(Sound(loud, 16_000))).max() <= 1.0

    def test_changes_little(self) -> None:
        """At least 12 dB between speech and mark; the bench measures what a listener's model
        says.
        """
        before, after = clip().samples, streamed(clip())
        assert 10 * np.log10(np.mean(before**2) / np.mean((after - before) ** 2)) > 12

    def test_says_how_clearly_the_mark_stands(self) -> None:
        stream = StreamEmbedder(16_000, token=TOKEN, key=KEY)
        assert stream.score == 0.0
        out = np.concatenate([stream.push(clip().samples), stream.finish()])
        reading = watermark.detect(out, 16_000, key=KEY)
        assert reading is not None
        assert stream.score == pytest.approx(reading.score, rel=0.1)

    def test_carries_an_identity_when_it_is_given_one(self) -> None:
        identity = 0xFEDCBA9876543210_0123456789ABCDEF
        host = np.concatenate([clip(name).samples for name in NAMES])[: 10 * 16_000]
        stream = StreamEmbedder(16_000, token=TOKEN, key=KEY, identity=identity)
        out = np.concatenate([stream.push(host), stream.finish()])
        reading = watermark.detect(out, 16_000, key=KEY)
        assert reading is not None
        assert (reading.token, reading.identity) == (TOKEN, identity)

    def test_takes_nothing_behind_its_end(self) -> None:
        stream = StreamEmbedder(16_000, token=TOKEN, key=KEY)
        stream.finish()
        with pytest.raises(ValueError, match="ended"):
            stream.push(np.zeros(10, dtype=np.float32))
        with pytest.raises(ValueError, match="ended"):
            stream.finish()

    @pytest.mark.parametrize("token", [-1, 1 << 32])
    def test_refuses_what_is_no_token(self, token: int) -> None:
        with pytest.raises(ValueError, match="32 bits"):
            StreamEmbedder(16_000, token=token, key=KEY)

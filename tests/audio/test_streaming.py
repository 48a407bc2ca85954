"""Encoding piece by piece: the bytes decode to what a file in one go decodes to, however the stream
is cut.
"""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import decoding
from audio.encoding import RATES, Output, check_output, encode_sound
from audio.sound import Sound
from audio.stream_encoder import STREAMED, Encoder, decode_sent_bytes
from tests.voices.conftest import reading

EXACT = {"wav", "pcm_s16le", "mulaw"}


def streamed(sound: Sound, wanted: Output, cuts: list[int] | None = None) -> list[bytes]:
    """The pieces of bytes, for samples pushed in pieces that end at `cuts`."""
    encoder = Encoder(wanted)
    ends = [0, *sorted(cut % (len(sound.samples) + 1) for cut in cuts or []), len(sound.samples)]
    pieces = [encoder.push(sound.samples[start:end]) for start, end in pairwise(ends)]
    return [*pieces, encoder.finish()]


def speech(rate: int) -> Sound:
    """Two and a half seconds of a reader."""
    whole = reading().resample(rate)
    return Sound(whole.samples[: 5 * rate // 2], rate)


def difference(one: Sound, other: Sound) -> float:
    """The power of the difference in dB against the sound, at the best alignment within 100 ms."""
    size = min(len(one.samples), len(other.samples)) - one.rate // 5
    middle = one.samples[one.rate // 10 :][:size]
    best = min(
        float(np.mean((middle - other.samples[start:][:size]) ** 2))
        for start in range(one.rate // 5)
        if len(other.samples[start:][:size]) == size
    )
    return 10 * float(np.log10(best / np.mean(middle**2) + 1e-12))


class TestEncoder:
    @pytest.mark.parametrize("codec", STREAMED)
    def test_says_what_a_file_says(self, codec: str) -> None:
        wanted = check_output(Output(codec=codec))
        sound = speech(wanted.sample_rate_hz or 0)
        whole = decoding.decode_trusted(encode_sound(sound, wanted), codec, rate=sound.rate)

        found = decode_sent_bytes(b"".join(streamed(sound, wanted, [7_000, 20_000])), wanted)

        assert found.rate == whole.rate
        assert (
            abs(found.seconds - whole.seconds) < 0.12
        )  # an MP3 without its tag keeps the codec's own delay
        assert difference(whole, found) < (-90 if codec in EXACT else -25)

    @settings(max_examples=12, deadline=None)
    @given(codec=st.sampled_from(STREAMED), cuts=st.lists(st.integers(0, 10**6), max_size=6))
    def test_does_not_mind_how_the_stream_is_cut(self, codec: str, cuts: list[int]) -> None:
        wanted = check_output(Output(codec=codec))
        sound = speech(wanted.sample_rate_hz or 0)
        one, other = (
            decode_sent_bytes(b"".join(streamed(sound, wanted, each)), wanted)
            for each in ([], cuts)
        )
        assert len(one.samples) == len(other.samples)
        assert difference(one, other) < (-90 if codec in EXACT else -25)

    @pytest.mark.parametrize("codec", STREAMED)
    def test_lets_bytes_out_on_the_way(self, codec: str) -> None:
        wanted = check_output(Output(codec=codec))
        sound = speech(wanted.sample_rate_hz or 0)
        pieces = streamed(sound, wanted, [round(sound.rate * second) for second in (1.0, 2.0)])
        assert pieces[0]
        assert pieces[1]

    @pytest.mark.parametrize("codec", STREAMED)
    def test_can_be_heard_before_its_end(self, codec: str) -> None:
        wanted = check_output(Output(codec=codec))
        sound = speech(wanted.sample_rate_hz or 0)
        beginning = b"".join(streamed(sound, wanted, [2 * sound.rate])[:1])
        assert decode_sent_bytes(beginning, wanted).seconds > 1.2

    @pytest.mark.parametrize("codec", STREAMED)
    def test_of_nothing_is_no_error(self, codec: str) -> None:
        encoder = Encoder(check_output(Output(codec=codec)))
        assert isinstance(encoder.push(np.zeros(0, dtype=np.float32)) + encoder.finish(), bytes)

    @pytest.mark.parametrize("rate", RATES)
    def test_mp3_begins_with_sound_at_every_rate(self, rate: int) -> None:
        """No empty frame in front, which decoders would play as silence."""
        wanted = check_output(Output(codec="mp3", sample_rate_hz=rate))
        data = b"".join(streamed(speech(rate), wanted))
        assert b"Info" not in data[:200]
        assert b"Xing" not in data[:200]
        assert decode_sent_bytes(data, wanted).rate == rate

    @pytest.mark.parametrize("codec", ["wav", "mp3", "ogg", "opus"])
    def test_is_read_by_the_decoder_of_uploads(self, codec: str) -> None:
        wanted = check_output(Output(codec=codec))
        sound = speech(wanted.sample_rate_hz or 0)
        found = decoding.decode_untrusted(b"".join(streamed(sound, wanted, [30_000])))
        assert abs(found.seconds - sound.seconds) < 0.12

    def test_wav_declares_no_length(self) -> None:
        data = b"".join(streamed(speech(24_000), check_output(Output(codec="wav"))))
        assert (
            struct.unpack_from("<I", data, 4) == struct.unpack_from("<I", data, 40) == (0xFFFFFFFF,)
        )


class TestHeard:
    @pytest.mark.parametrize("codec", ["mp3", "ogg", "opus"])
    @pytest.mark.parametrize("data", [b"", b"Ogg"])
    def test_has_nothing_to_hear_in_a_scrap(self, codec: str, data: bytes) -> None:
        with pytest.raises(ValueError, match="nothing to hear"):
            decode_sent_bytes(data, check_output(Output(codec=codec)))

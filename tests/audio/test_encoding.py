"""Outputs: what may be asked for, and that the bytes hold the sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import mp3_frames
from audio.decoding import decode_trusted
from audio.encoding import CODECS, RATES, Output, check_output, encode_sound, get_media_type
from audio.sound import Sound, from_pcm16
from core.errors import Invalid
from tests.support import audio_files

# Least signal-to-noise ratio of the reader's first excerpt after the codec at its default rate, in
# dB.
FIDELITY = {
    "wav": 75,
    "flac": 75,
    "pcm_s16le": 75,
    "mulaw": 25,
    "mp3": 15,
    "m4a": 15,
    "ogg": 10,
    "opus": 5,
}


class TestEncode:
    @pytest.mark.parametrize("codec", CODECS)
    def test_keeps_the_sound_and_its_length(self, codec: str) -> None:
        data = encode_sound(audio_files.clip(), Output(codec=codec))

        back = decode_trusted(data, codec)

        assert back.rate == check_output(Output(codec=codec)).sample_rate_hz
        assert back.seconds == pytest.approx(audio_files.clip().seconds, abs=0.001)
        assert (
            audio_files.snr_db(audio_files.clip().resample(back.rate).samples, back.samples)
            > FIDELITY[codec]
        )

    @pytest.mark.parametrize("codec", CODECS)
    def test_does_not_lose_the_end_of_the_clip(self, codec: str) -> None:
        late = np.zeros(24_000, dtype=np.float32)
        late[-2_400:] = audio_files.tone(0.1, 24_000)

        back = decode_trusted(encode_sound(Sound(late, 24_000), Output(codec=codec)), codec)

        tail = back.samples[-back.rate // 20 :]
        assert np.sqrt(np.mean(tail**2)) > 0.2

    @pytest.mark.parametrize("codec", CODECS)
    def test_takes_half_a_minute_in_one_call(self, codec: str) -> None:
        noise = np.random.default_rng(3).normal(0, 0.1, 24_000 * 30).astype(np.float32)

        assert len(encode_sound(Sound(noise, 24_000), Output(codec=codec))) > 24_000

    @pytest.mark.parametrize("codec", CODECS)
    @pytest.mark.parametrize("samples", [0, 1, 100])
    def test_takes_sounds_too_short_to_hear(self, codec: str, samples: int) -> None:
        encode_sound(Sound(np.zeros(samples, dtype=np.float32), 24_000), Output(codec=codec))

    @pytest.mark.parametrize(
        ("rate", "bit_rate"),
        [(24_000, 32_000), (16_000, 160_000), (48_000, 320_000), (8_000, 64_000)],
    )
    def test_gives_mp3_the_bit_rate_asked_for(self, rate: int, bit_rate: int) -> None:
        data = encode_sound(
            audio_files.clip(), Output(codec="mp3", sample_rate_hz=rate, bit_rate_bps=bit_rate)
        )

        (stream,) = mp3_frames.read_streams(data).streams
        samples = 1152 if rate >= 32_000 else 576
        seconds = (stream.frames + 1) * samples / rate
        assert 8 * len(stream.sound) / seconds == pytest.approx(bit_rate, rel=0.01)

    @pytest.mark.parametrize("bit_rate", [16_000, 64_000, 256_000])
    def test_gives_opus_about_the_bit_rate_asked_for(self, bit_rate: int) -> None:
        data = encode_sound(audio_files.clip(), Output(codec="opus", bit_rate_bps=bit_rate))

        assert 8 * len(data) / audio_files.clip().seconds == pytest.approx(bit_rate, rel=0.25)


class TestCheck:
    @pytest.mark.parametrize(
        ("codec", "rate", "bit_rate"),
        [
            ("wav", 24_000, None),
            ("mp3", 24_000, 64_000),
            ("opus", 24_000, 32_000),
            ("mulaw", 8_000, None),
        ],
    )
    def test_fills_in_the_defaults(self, codec: str, rate: int, bit_rate: int | None) -> None:
        assert check_output(Output(codec=codec)) == Output(
            codec=codec, sample_rate_hz=rate, bit_rate_bps=bit_rate
        )

    def test_picks_a_rate_that_can_carry_the_mp3_asked_for(self) -> None:
        assert check_output(Output(codec="mp3", bit_rate_bps=320_000)).sample_rate_hz == 48_000

    @pytest.mark.parametrize(
        ("output", "code", "attr"),
        [
            (Output(codec="aac"), "unsupported_field", "output.codec"),
            (Output(codec="wav", bit_rate_bps=64_000), "unsupported_field", "output.bit_rate_bps"),
            (Output(codec="flac", bit_rate_bps=64_000), "unsupported_field", "output.bit_rate_bps"),
            (Output(codec="ogg", bit_rate_bps=64_000), "unsupported_field", "output.bit_rate_bps"),
            (Output(codec="mp3", bit_rate_bps=31_999), "out_of_range", "output.bit_rate_bps"),
            (Output(codec="mp3", bit_rate_bps=64_001), "out_of_range", "output.bit_rate_bps"),
            (Output(codec="mp3", bit_rate_bps=320_001), "out_of_range", "output.bit_rate_bps"),
            (Output(codec="mp3", bit_rate_bps=0), "out_of_range", "output.bit_rate_bps"),
            (
                Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=192_000),
                "out_of_range",
                "output.bit_rate_bps",
            ),
            (Output(codec="opus", bit_rate_bps=11_999), "out_of_range", "output.bit_rate_bps"),
            (Output(codec="opus", bit_rate_bps=256_001), "out_of_range", "output.bit_rate_bps"),
            (Output(codec="m4a", bit_rate_bps=15_999), "out_of_range", "output.bit_rate_bps"),
            (
                Output(codec="m4a", sample_rate_hz=8_000, bit_rate_bps=48_001),
                "out_of_range",
                "output.bit_rate_bps",
            ),
            (
                Output(codec="m4a", sample_rate_hz=48_000, bit_rate_bps=256_001),
                "out_of_range",
                "output.bit_rate_bps",
            ),
            (Output(codec="opus", sample_rate_hz=22_050), "out_of_range", "output.sample_rate_hz"),
            (Output(codec="mulaw", sample_rate_hz=16_000), "out_of_range", "output.sample_rate_hz"),
            (Output(codec="wav", sample_rate_hz=0), "out_of_range", "output.sample_rate_hz"),
            (Output(codec="wav", sample_rate_hz=-8_000), "out_of_range", "output.sample_rate_hz"),
            (Output(codec="wav", sample_rate_hz=2**63), "out_of_range", "output.sample_rate_hz"),
        ],
    )
    def test_refuses_and_never_clamps(self, output: Output, code: str, attr: str) -> None:
        with pytest.raises(Invalid) as caught:
            check_output(output)

        assert caught.value.stable_code == code
        assert [(fault.code, fault.attr) for fault in caught.value.faults] == [(code, attr)]

    @pytest.mark.parametrize("codec", CODECS)
    @pytest.mark.parametrize("rate", RATES)
    def test_allows_only_what_can_be_encoded(self, codec: str, rate: int) -> None:
        output = Output(codec=codec, sample_rate_hz=rate)
        try:
            check_output(output)
        except Invalid:
            return
        back = decode_trusted(
            encode_sound(Sound(audio_files.tone(0.3), 16_000), output), codec, rate=rate
        )

        assert back.rate == rate
        assert back.seconds == pytest.approx(0.3, abs=0.001)

    def test_names_a_media_type_for_every_codec(self) -> None:
        assert all(get_media_type(codec).startswith("audio/") for codec in CODECS)


class TestSound:
    @given(st.lists(st.integers(-32768, 32767), max_size=200))
    def test_keeps_every_sixteen_bit_sample(self, values: list[int]) -> None:
        data = np.array(values, dtype="<i2").tobytes()

        assert from_pcm16(data, 16_000).pcm16() == data

    def test_ends_overshoots_at_full_scale(self) -> None:
        sound = Sound(np.array([2.0, -2.0], dtype=np.float32), 16_000)

        assert np.frombuffer(sound.pcm16(), "<i2").tolist() == [32767, -32768]

    @pytest.mark.parametrize("samples", [np.zeros((2, 2), dtype=np.float32), np.zeros(2)])
    def test_takes_only_one_row_of_float32(self, samples: np.ndarray) -> None:
        with pytest.raises(ValueError, match="float32"):
            Sound(samples, 16_000)

"""Writing and reading the mark on real speech, and not reading what is not there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from provenance import watermark
from provenance.audio.decoding import decode_trusted
from provenance.audio.encoding import Output, encode
from provenance.audio.sound import Sound
from tests.provenance.watermark.speech import KEY, NAMES, OTHER_KEY, TOKEN, clip

MARGIN = 0.75


def marked(sound: Sound, *, token: int = TOKEN, margin: float = MARGIN) -> Sound:
    return Sound(watermark.embed(sound.samples, sound.rate, token=token, key=KEY, margin_db=margin), sound.rate)


def token_of(sound: Sound, key: bytes = KEY) -> int | None:
    reading = watermark.detect(sound.samples, sound.rate, key=key)
    return reading.token if reading else None


def through(codec: str, rate: int, bit_rate: int | None = None) -> Callable[[Sound], Sound]:
    output = Output(codec=codec, sample_rate_hz=rate, bit_rate_bps=bit_rate)
    return lambda sound: decode_trusted(encode(sound, output), codec, rate=rate)


HANDLINGS: dict[str, Callable[[Sound], Sound]] = {
    "MP3 at 64 kbit/s": through("mp3", 24_000, 64_000),
    "MP3 at 32 kbit/s": through("mp3", 16_000, 32_000),
    "Opus at 24 kbit/s": through("opus", 24_000, 24_000),
    "Vorbis": through("ogg", 24_000),
    "mu-law at 8 kHz": through("mulaw", 8_000),
    "8 kHz": lambda sound: sound.resampled(8_000),
    "48 kHz": lambda sound: sound.resampled(48_000),
    "half the level": lambda sound: Sound(sound.samples * np.float32(0.5), sound.rate),
    "a cut of 0.5 s": lambda sound: Sound(sound.samples[sound.rate // 2 :], sound.rate),
    "a cut between two grids": lambda sound: Sound(sound.samples[7_777:], sound.rate),
    "a codec's delay": lambda sound: Sound(np.pad(sound.samples, (1_105, 0)), sound.rate),
    "ten seconds of silence in front": lambda sound: Sound(np.pad(sound.samples, (10 * sound.rate, 0)), sound.rate),
    "turned polarity": lambda sound: Sound(-sound.samples, sound.rate),
}


class TestDetect:
    @pytest.mark.parametrize("name", NAMES)
    def test_reads_the_token_that_was_written(self, name: str) -> None:
        assert token_of(marked(clip(name))) == TOKEN

    @pytest.mark.parametrize("handling", HANDLINGS)
    def test_reads_it_after(self, handling: str) -> None:
        assert token_of(HANDLINGS[handling](marked(clip(rate=24_000)))) == TOKEN

    @pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
    def test_reads_clips_of_any_rate(self, rate: int) -> None:
        assert token_of(marked(clip(rate=rate))) == TOKEN

    @pytest.mark.parametrize("token", [0, 1, 0x80000000, 0xFFFFFFFF])
    def test_reads_every_kind_of_token(self, token: int) -> None:
        assert token_of(marked(clip(), token=token)) == token

    @pytest.mark.parametrize("name", NAMES)
    def test_reads_nothing_from_unmarked_speech(self, name: str) -> None:
        assert token_of(clip(name)) is None

    @pytest.mark.parametrize("name", NAMES)
    def test_reads_nothing_with_another_key(self, name: str) -> None:
        assert token_of(marked(clip(name)), OTHER_KEY) is None

    def test_reads_nothing_in_noise(self) -> None:
        random = np.random.default_rng(1)
        for _ in range(10):
            assert token_of(Sound(random.normal(0, 0.1, 64_000).astype(np.float32), 16_000)) is None

    @pytest.mark.parametrize("size", [0, 1, 191, 575, 4_000])
    def test_reads_nothing_in_next_to_nothing(self, size: int) -> None:
        assert token_of(Sound(np.full(size, 0.1, dtype=np.float32), 16_000)) is None

    def test_reads_nothing_in_digital_silence(self) -> None:
        assert token_of(Sound(np.zeros(64_000, dtype=np.float32), 16_000)) is None

    def test_finds_a_marked_clip_in_a_long_recording_of_others(self) -> None:
        others = np.concatenate([clip(name).samples for name in NAMES] * 2)
        here = 0.3 * marked(clip("librivox-austen-0890")).samples
        assert token_of(Sound(np.concatenate([others, here, others]), 16_000)) == TOKEN

    def test_is_surer_of_a_stronger_mark(self) -> None:
        readings = [watermark.detect(marked(clip(), margin=margin).samples, 16_000, key=KEY) for margin in (0.5, 1.2)]
        weak, strong = (reading.score if reading else 0.0 for reading in readings)
        assert strong > weak > 0.7


class TestDetectAny:
    def test_names_the_key_that_reads(self) -> None:
        sound = marked(clip())
        found = watermark.detect_any(sound.samples, sound.rate, keys={"theirs": OTHER_KEY, "ours": KEY})
        assert found is not None
        assert (found[0], found[1].token) == ("ours", TOKEN)

    @pytest.mark.parametrize("keys", [{}, {"theirs": OTHER_KEY}])
    def test_finds_nothing_when_no_key_reads(self, keys: dict[str, bytes]) -> None:
        sound = marked(clip())
        assert watermark.detect_any(sound.samples, sound.rate, keys=keys) is None


class TestEmbed:
    def test_changes_little(self) -> None:
        """Signal to mark at least 12 dB; the bench measures what a listener's model says."""
        before, after = clip().samples, marked(clip()).samples
        assert after.size == before.size
        assert 10 * np.log10(np.mean(before**2) / np.mean((after - before) ** 2)) > 12

    def test_is_repeatable(self) -> None:
        assert np.array_equal(marked(clip()).samples, marked(clip()).samples)

    def test_leaves_silence_silent(self) -> None:
        silence = np.zeros(16_000, dtype=np.float32)
        assert not watermark.embed(silence, 16_000, token=TOKEN, key=KEY, margin_db=MARGIN).any()

    def test_leaves_what_is_too_short_alone(self) -> None:
        tiny = np.full(500, 0.1, dtype=np.float32)
        assert np.array_equal(watermark.embed(tiny, 16_000, token=TOKEN, key=KEY, margin_db=MARGIN), tiny)

    @pytest.mark.parametrize("token", [-1, 1 << 32])
    def test_refuses_what_is_no_token(self, token: int) -> None:
        with pytest.raises(ValueError, match="32 bits"):
            watermark.embed(clip().samples, 16_000, token=token, key=KEY, margin_db=MARGIN)

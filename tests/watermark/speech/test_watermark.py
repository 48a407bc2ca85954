"""Writing and reading the mark on real speech, and not reading what is not there."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

import watermark
from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from tests.support.watermark_speech import KEY, NAMES, OTHER_KEY, TOKEN, clip
from watermark.speech.speed_search import get_pace_step

MARGIN = 0.75


def marked(sound: Sound, *, token: int = TOKEN, margin: float = MARGIN) -> Sound:
    return Sound(
        watermark.embed(sound.samples, sound.rate, token=token, key=KEY, margin_db=margin),
        sound.rate,
    )


def token_of(sound: Sound, key: bytes = KEY) -> int | None:
    reading = watermark.detect(sound.samples, sound.rate, key=key)
    return reading.token if reading else None


def played(speed: float) -> Callable[[Sound], Sound]:
    """Faster and higher, or slower and lower, as a tape that runs at another speed."""
    return lambda sound: Sound(sound.samples, round(sound.rate * speed)).resample(sound.rate)


def stretched(tempo: float) -> Callable[[Sound], Sound]:
    """Faster or slower at the same pitch: overlap-add of 30 ms pieces, each taken where it fits
    best.
    """

    def change(sound: Sound) -> Sound:
        size = round(0.03 * sound.rate) // 2 * 2
        reach, half = size // 4, size // 2
        window = np.hanning(size + 1)[:-1].astype(np.float32)
        padded = np.pad(sound.samples, (reach, size + reach))
        count = int(sound.samples.size / tempo) // half
        out = np.zeros((count + 2) * half, dtype=np.float32)
        place = reach
        for index in range(count):
            wanted = reach + round(index * half * tempo)
            if index:
                follow = padded[place + half : place + half + half]
                tries = np.lib.stride_tricks.sliding_window_view(
                    padded[wanted - reach : wanted + reach + half], half
                )
                place = wanted - reach + int(np.argmax(tries @ follow))
            piece = padded[place : place + size]
            out[index * half : index * half + piece.size] += window[: piece.size] * piece
        return Sound(out, sound.rate)

    return change


def gsm(sound: Sound) -> Sound:
    """GSM full rate, 13 kbit/s at 8 kHz."""
    low, sink = sound.resample(8_000), io.BytesIO()
    soundfile.write(sink, low.samples, low.rate, format="WAV", subtype="GSM610")
    samples, rate = soundfile.read(io.BytesIO(sink.getvalue()), dtype="float32")
    return Sound(samples, rate)


def noisy(decibels: float) -> Callable[[Sound], Sound]:
    """White noise this far below the mean power."""

    def change(sound: Sound) -> Sound:
        random = np.random.default_rng(3).standard_normal(sound.samples.size).astype(np.float32)
        power = float(np.sqrt(np.mean(sound.samples**2)) * 10 ** (-decibels / 20))
        return Sound(sound.samples + random * np.float32(power), sound.rate)

    return change


def through(codec: str, rate: int, bit_rate: int | None = None) -> Callable[[Sound], Sound]:
    output = Output(codec=codec, sample_rate_hz=rate, bit_rate_bps=bit_rate)
    return lambda sound: decode_trusted(encode_sound(sound, output), codec, rate=rate)


HANDLINGS: dict[str, Callable[[Sound], Sound]] = {
    "MP3 at 64 kbit/s": through("mp3", 24_000, 64_000),
    "MP3 at 32 kbit/s": through("mp3", 16_000, 32_000),
    "Opus at 24 kbit/s": through("opus", 24_000, 24_000),
    "Vorbis": through("ogg", 24_000),
    "mu-law at 8 kHz": through("mulaw", 8_000),
    "8 kHz": lambda sound: sound.resample(8_000),
    "48 kHz": lambda sound: sound.resample(48_000),
    "half the level": lambda sound: Sound(sound.samples * np.float32(0.5), sound.rate),
    "a cut of 0.5 s": lambda sound: Sound(sound.samples[sound.rate // 2 :], sound.rate),
    "a cut between two grids": lambda sound: Sound(sound.samples[7_777:], sound.rate),
    "a codec's delay": lambda sound: Sound(np.pad(sound.samples, (1_105, 0)), sound.rate),
    "ten seconds of silence in front": lambda sound: Sound(
        np.pad(sound.samples, (10 * sound.rate, 0)), sound.rate
    ),
    "a tape 2 % too fast": played(1.02),
    "a tape 2 % too slow": played(0.98),
    "a tempo of 0.95": stretched(0.95),
    "a tempo of 1.03": stretched(1.03),
    "GSM": gsm,
    "noise 20 dB below": noisy(20.0),
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
        readings = [
            watermark.detect(marked(clip(), margin=margin).samples, 16_000, key=KEY)
            for margin in (0.5, 1.2)
        ]
        weak, strong = (reading.score if reading else 0.0 for reading in readings)
        assert strong > weak > 0.7

    @pytest.mark.parametrize("speed", [0.98, 0.99, 1.015])
    def test_says_how_fast_the_clip_is_played(self, speed: float) -> None:
        sound = played(speed)(marked(clip()))
        reading = watermark.detect(sound.samples, sound.rate, key=KEY)
        assert reading is not None
        assert reading.speed * reading.tempo == pytest.approx(
            speed, abs=0.3 * get_pace_step(sound.seconds)
        )

    def test_tells_speed_from_tempo(self) -> None:
        sound = played(0.975)(marked(clip()))
        reading = watermark.detect(sound.samples, sound.rate, key=KEY)
        assert reading is not None
        assert reading.speed == pytest.approx(0.975, abs=get_pace_step(sound.seconds))
        assert reading.tempo == pytest.approx(1.0, abs=get_pace_step(sound.seconds))

    def test_looks_at_the_clips_own_pace_alone_when_told_so(self) -> None:
        sound = played(1.02)(marked(clip()))
        assert watermark.detect(sound.samples, sound.rate, key=KEY, thorough=False) is None


class TestDetectAny:
    def test_names_the_key_that_reads(self) -> None:
        sound = marked(clip())
        found = watermark.detect_any(
            sound.samples, sound.rate, keys={"theirs": OTHER_KEY, "ours": KEY}
        )
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
        assert np.array_equal(
            watermark.embed(tiny, 16_000, token=TOKEN, key=KEY, margin_db=MARGIN), tiny
        )

    @pytest.mark.parametrize("token", [-1, 1 << 32])
    def test_refuses_what_is_no_token(self, token: int) -> None:
        with pytest.raises(ValueError, match="32 bits"):
            watermark.embed(clip().samples, 16_000, token=token, key=KEY, margin_db=MARGIN)


class TestIdentity:
    IDENTITY = 0x0123456789ABCDEF_FEDCBA9876543210

    def sound(self, *, identity: int | None = IDENTITY, seconds: float = 9.0) -> Sound:
        parts = np.concatenate([clip(name).samples for name in NAMES])[: round(seconds * 16_000)]
        samples = watermark.embed(
            parts, 16_000, token=TOKEN, key=KEY, margin_db=0.75, identity=identity
        )
        return Sound(samples, 16_000)

    def read(self, sound: Sound) -> tuple[int, int | None]:
        reading = watermark.detect(sound.samples, sound.rate, key=KEY)
        assert reading is not None
        return reading.token, reading.identity

    @pytest.mark.parametrize(
        "handling", ["MP3 at 64 kbit/s", "Opus at 24 kbit/s", "mu-law at 8 kHz", "a cut of 0.5 s"]
    )
    def test_is_read_beside_the_token_after(self, handling: str) -> None:
        assert self.read(HANDLINGS[handling](self.sound())) == (TOKEN, self.IDENTITY)

    @pytest.mark.parametrize("identity", [0, 1 << 127, (1 << 128) - 1])
    def test_may_be_any_number_of_128_bits(self, identity: int) -> None:
        assert self.read(self.sound(identity=identity)) == (TOKEN, identity)

    def test_is_not_in_clips_that_carry_none(self) -> None:
        assert self.read(self.sound(identity=None)) == (TOKEN, None)

    def test_is_not_written_into_short_clips(self) -> None:
        assert self.read(self.sound(seconds=7.5)) == (TOKEN, None)

    def test_is_given_for_segments(self) -> None:
        silence = np.zeros(16_000, dtype=np.float32)
        parts = np.concatenate([silence, self.sound().samples, silence])
        (segment,) = watermark.find_segments(parts, 16_000, keys={"ours": KEY})
        assert (segment.token, segment.identity) == (TOKEN, self.IDENTITY)

    @pytest.mark.parametrize("identity", [-1, 1 << 128])
    def test_refuses_what_has_more_bits(self, identity: int) -> None:
        with pytest.raises(ValueError, match="128 bits"):
            self.sound(identity=identity)

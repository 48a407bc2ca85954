"""Fingerprint words: those of another program, and what handling does to them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.fingerprint.bit_error_rate import LEAST, LIMIT, compare_words
from provenance.fingerprint.subfingerprints import SILENT, Words, compute_words
from tests.voices.conftest import AUDIO

THEIRS: dict[str, list[int]] = json.loads(
    (Path(__file__).parents[2] / "data" / "fingerprints" / "chromaprint-1.5.1.json").read_text(
        encoding="utf-8"
    )
)


def recording(name: str) -> Sound:
    samples, rate = soundfile.read(AUDIO / name, dtype="float32")
    return Sound(samples, rate)


def words_of(sound: Sound) -> Words:
    return compute_words(sound.samples, sound.rate)


def errors(first: Words, second: Words) -> float:
    return float(np.bitwise_count(first ^ second).mean()) / 32


class TestWords:
    @pytest.mark.parametrize("name", THEIRS)
    def test_are_those_of_the_program(self, name: str) -> None:
        ours, theirs = words_of(recording(name)), np.array(THEIRS[name], dtype=np.uint32)
        assert len(ours) == len(theirs)
        # Resampling from 16 kHz is another filter there than here; a bit on the edge of two ranges
        # may tip over.
        assert errors(ours, theirs) < 0.002

    def test_are_told_apart_by_these_recordings(self) -> None:
        """Else the test above would pass on words that do not depend on the sound."""
        first, second = (
            words_of(recording(name)) for name in ("flite-slt.flac", "librivox-austen-0870.wav")
        )
        count = min(len(first), len(second))
        assert errors(first[:count], second[:count]) > 2 * LIMIT

    @pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0, 2.0])
    def test_need_a_window_of_sound(self, seconds: float) -> None:
        assert compute_words(np.zeros(round(seconds * 16_000), dtype=np.float32), 16_000).size == 0

    def test_of_silence_are_one_word(self) -> None:
        assert set(compute_words(np.zeros(60_000, dtype=np.float32), 11_025).tolist()) == {SILENT}

    @given(st.integers(0, 2**32 - 1), st.floats(3.2, 6.0), st.sampled_from([8_000, 16_000, 44_100]))
    @settings(max_examples=15, deadline=None)
    def test_of_noise_do_not_mind_loudness(self, seed: int, seconds: float, rate: int) -> None:
        noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32)
        assert (
            errors(compute_words(noise, rate), compute_words(noise * np.float32(0.5), rate)) < 0.01
        )


class TestCompare:
    @pytest.mark.parametrize(
        "output",
        [
            Output(codec="mp3", sample_rate_hz=16_000, bit_rate_bps=32_000),
            Output(codec="opus", sample_rate_hz=16_000, bit_rate_bps=16_000),
            Output(codec="mulaw"),
        ],
        ids=["mp3", "opus", "mulaw"],
    )
    def test_knows_a_recording_after_handling(self, output: Output) -> None:
        sound = recording("librivox-austen-0870.wav")
        rate = 8_000 if output.codec == "mulaw" else 16_000
        handled = decode_trusted(encode_sound(sound.resample(rate), output), output.codec)

        found = compare_words(words_of(handled), words_of(sound), shift=0)

        assert found.is_close
        assert found.errors < 0.5 * LIMIT

    def test_knows_a_recording_after_a_cut(self) -> None:
        sound = recording("librivox-austen-0870.wav")
        cut = Sound(sound.samples[sound.rate // 2 :], sound.rate)
        assert compare_words(words_of(cut), words_of(sound), shift=-4).is_close

    def test_knows_the_part_of_a_recording_that_is_in_another(self) -> None:
        ours = recording("pocketsphinx-cards.flac")
        other = recording("flite-slt.flac").resample(ours.rate)
        mixed = Sound(np.concatenate([other.samples, ours.samples[: 12 * ours.rate]]), ours.rate)
        shift = round(other.seconds * 11_025 / 1_365)
        assert compare_words(words_of(mixed), words_of(ours), shift=shift).is_close

    def test_does_not_take_one_voice_for_itself(self) -> None:
        """Four recordings of one reader in one room: as like as strangers can be."""
        names = ["librivox-austen-0870.wav", "librivox-austen-0890.wav", "librivox-austen-0920.wav"]
        every = [words_of(recording(name)) for name in names]
        found = [
            compare_words(first, second, shift=shift)
            for place, first in enumerate(every)
            for second in every[place + 1 :]
            for shift in range(-len(second), len(first))
        ]
        assert not any(one.is_close for one in found)

    @given(st.integers(-60, 60), st.integers(0, 60), st.integers(0, 60))
    def test_of_too_little_is_nothing(self, shift: int, heard: int, kept: int) -> None:
        same = np.arange(60, dtype=np.uint32)
        found = compare_words(same[:heard], same[:kept], shift=shift, around=0)
        overlap = max(0, min(heard, shift + kept) - max(0, shift))
        assert (found.words >= LEAST) == (overlap >= LEAST)
        assert found.is_close is False or overlap >= LEAST

    @pytest.mark.parametrize(
        ("differing", "alike"), [(0, True), (191, True), (192, False), (400, False)]
    )
    def test_draws_the_line_at_15_of_a_hundred_bits(self, differing: int, alike: bool) -> None:
        """40 words are 1280 bits, of which 192 are 15 %; the 35 % that are usual for music take
        strangers for us.
        """
        kept = np.random.default_rng(1).integers(0, 2**32, 40, dtype=np.uint32)
        bits = np.unpackbits(kept.view(np.uint8))
        bits[:differing] ^= 1
        assert (
            compare_words(np.packbits(bits).view(np.uint32), kept, shift=0, around=0).is_close
            is alike
        )

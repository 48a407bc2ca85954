"""The fine fingerprint: blind to level, deaf to silence, and never alike for other speech."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.fingerprint.haitsma_kalker import (
    HOP,
    LEAST,
    LIMIT,
    RATE,
    SILENT,
    Bits,
    compare_sub_fingerprints,
    compute_sub_fingerprints,
)
from tests.voices.conftest import reading

NAMES = ("0870", "0880", "0890", "0920", "0930")


def of(name: str, begin: float = 0.0, seconds: float = 60.0) -> Bits:
    sound = reading(name)
    first, last = round(begin * sound.rate), round((begin + seconds) * sound.rate)
    return compute_sub_fingerprints(sound.samples[first:last], sound.rate)


def best(heard: Bits, kept: Bits) -> float:
    """The least share of differing bits over all places."""
    return min(
        compare_sub_fingerprints(heard, kept, shift=-shift, around=0).errors
        for shift in range(kept.size)
    )


class TestSubFingerprints:
    def test_are_86_in_a_second(self) -> None:
        assert abs(of("0870").size - reading("0870").seconds * RATE / HOP) < 40

    def test_know_no_level(self) -> None:
        sound = reading("0890")

        quiet = compute_sub_fingerprints(sound.samples * np.float32(0.01), sound.rate)

        assert np.array_equal(quiet, of("0890"))

    @pytest.mark.parametrize("seconds", [0.0, 0.2, 0.38])
    def test_of_too_little_sound_are_none(self, seconds: float) -> None:
        assert of("0870", 0, seconds).size == 0

    def test_of_silence_match_nothing(self) -> None:
        silence = compute_sub_fingerprints(np.zeros(5 * RATE, dtype=np.float32), RATE)

        assert set(silence.tolist()) == {SILENT}
        assert not compare_sub_fingerprints(silence, silence, shift=0).same


class TestCompare:
    @pytest.mark.parametrize("name", NAMES)
    def test_finds_a_piece_of_two_seconds_in_its_place(self, name: str) -> None:
        assert best(of(name, 0.537, 2.0), of(name)) < 0.05

    @pytest.mark.parametrize("name", NAMES)
    def test_finds_it_in_no_other_reading_of_that_voice(self, name: str) -> None:
        piece = of(name, 0.537, 2.0)

        assert all(best(piece, of(other)) > LIMIT + 0.1 for other in NAMES if other != name)

    def test_says_nothing_of_less_than_a_second(self) -> None:
        piece = of("0870", 0.5, 0.9)

        assert np.count_nonzero(piece) < LEAST
        assert not compare_sub_fingerprints(piece, piece, shift=0).same

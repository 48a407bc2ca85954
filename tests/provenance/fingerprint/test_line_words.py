"""Words of short lines: found where they recur, and told from other speech."""

from __future__ import annotations

import numpy as np
import pytest

from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.fingerprint import line_words
from provenance.fingerprint.haitsma_kalker import SILENT, Bits
from provenance.fingerprint.line_words import LineMatch, LinePlace, compute_line_words
from tests.voices.conftest import reading

RATE = 24_000


def piece(start: float, seconds: float = 0.5, name: str = "0870") -> Sound:
    whole = reading(name).resample(RATE)
    first = round(start * RATE)
    return Sound(whole.samples[first : first + round(seconds * RATE)], RATE)


def words(sound: Sound) -> Bits:
    return compute_line_words(sound.samples, sound.rate)


def search(heard: Sound, kept: list[Sound]) -> tuple[LineMatch, ...]:
    found, stored = words(heard), [words(one) for one in kept]
    places = line_words.list_places(found)
    rows = [
        (number, word, at[0])
        for number, one in enumerate(stored)
        for word, at in line_words.list_places(one).items()
        if word in places
    ]
    ranked = line_words.rank_places(rows, places, most=60)
    matches = [line_words.match_line(found, stored[one.fingerprint_id], one) for one in ranked]
    return line_words.choose_lines(one for one in matches if one is not None)


def join(*sounds: Sound) -> Sound:
    return Sound(np.concatenate([one.samples for one in sounds]), RATE)


LINES = [piece(at) for at in (0.4, 1.7, 3.1, 4.6)]


class TestALine:
    def test_is_found_after_mp3_where_it_lies(self) -> None:
        heard = decode_trusted(
            encode_sound(join(*LINES), Output(codec="mp3", bit_rate_bps=64_000)), "mp3"
        )
        found = search(heard, LINES)
        assert [one.fingerprint_id for one in found] == [0, 1, 2, 3]
        for number, one in enumerate(found):
            assert one.start_s == pytest.approx(0.5 * number, abs=0.15)

    def test_said_three_times_is_found_three_times(self) -> None:
        assert len(search(join(LINES[0], LINES[1], LINES[0], LINES[2], LINES[0]), LINES[:1])) == 3

    def test_beside_a_loud_one_is_found_when_it_is_soft(self) -> None:
        soft = Sound(LINES[0].samples * np.float32(0.1), RATE)
        assert search(join(soft, LINES[1]), LINES[:1])

    def test_is_no_other_speech(self) -> None:
        foreign = reading("0890").resample(RATE)
        assert search(foreign, LINES) == ()

    def test_of_next_to_nothing_matches_nothing(self) -> None:
        short = piece(0.4, seconds=0.2)
        assert words(short).size < line_words.LEAST_FRAMES
        assert search(join(*LINES), [short]) == ()

    def test_of_silence_has_no_words(self) -> None:
        silence = Sound(np.zeros(RATE, dtype=np.float32), RATE)
        assert set(words(silence).tolist()) == {SILENT}
        assert line_words.list_places(words(silence)) == {}


class TestMatches:
    def test_over_each_other_leave_the_better_one(self) -> None:
        def match(number: int, first: int, errors: float) -> LineMatch:
            last = first + 30
            return LineMatch(
                fingerprint_id=number, first=first, last=last, frames=30, errors=errors
            )

        chosen = line_words.choose_lines(
            [match(1, 0, 0.2), match(2, 10, 0.1), match(3, 50, 0.2), match(4, 41, 0.05)]
        )
        assert [one.fingerprint_id for one in chosen] == [2, 4]

    def test_need_the_whole_line_in_the_file(self) -> None:
        heard, kept = words(LINES[0]), words(LINES[0])
        place = LinePlace(fingerprint_id=0, shift=0)
        assert line_words.match_line(heard, kept, place) is not None
        assert line_words.match_line(heard[:20], kept, place) is None

"""Which seconds of a recording are marked, and with which token."""

from __future__ import annotations

import numpy as np
import pytest

from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from tests.support.watermark_speech import KEY, NAMES, OTHER_KEY, clip
from watermark import Segment, embed, find_segments
from watermark.speech.parameters import Samples

RATE = 16_000
KEYS = {"ours": KEY, "theirs": OTHER_KEY}
UNMARKED = np.concatenate([clip(name).samples for name in NAMES])  # 24.7 s
EDGE = 0.6  # seconds that an edge may be off: two quarters and a little


def marked(name: str, token: int, key: bytes = KEY) -> Samples:
    return embed(clip(name).samples, RATE, token=token, key=key, margin_db=0.75)


def seconds(*parts: Samples) -> float:
    return sum(part.size for part in parts) / RATE


def found(*parts: Samples) -> list[Segment]:
    return find_segments(np.concatenate(parts), RATE, keys=KEYS)


class TestSegments:
    def test_says_where_a_marked_clip_lies(self) -> None:
        here = marked(NAMES[2], 7)
        (segment,) = found(UNMARKED, here, UNMARKED)
        assert (segment.token, segment.key) == (7, "ours")
        assert segment.start_s == pytest.approx(seconds(UNMARKED), abs=EDGE)
        assert segment.end_s == pytest.approx(seconds(UNMARKED, here), abs=EDGE)

    def test_tells_tokens_and_keys_apart(self) -> None:
        one, two = marked(NAMES[0], 1), marked(NAMES[3], 2, OTHER_KEY)
        first, second = found(one, UNMARKED[: 5 * RATE], two)
        assert [(each.token, each.key) for each in (first, second)] == [(1, "ours"), (2, "theirs")]
        assert first.end_s == pytest.approx(seconds(one), abs=EDGE)
        assert second.start_s == pytest.approx(seconds(one) + 5.0, abs=EDGE)

    def test_tells_two_marked_clips_in_a_row_apart(self) -> None:
        assert [segment.token for segment in found(marked(NAMES[0], 1), marked(NAMES[3], 2))] == [
            1,
            2,
        ]

    def test_finds_one_clip_across_the_edge_of_a_block_once(self) -> None:
        here = marked(NAMES[0], 9)
        (segment,) = found(UNMARKED, UNMARKED, UNMARKED[: 7 * RATE], here, UNMARKED)
        assert segment.end_s - segment.start_s == pytest.approx(seconds(here), abs=2 * EDGE)

    def test_finds_a_clip_that_was_used_twice_twice(self) -> None:
        here = marked(NAMES[4], 5)
        assert [segment.token for segment in found(here, UNMARKED, here)] == [5, 5]

    def test_finds_quiet_marked_speech_among_loud(self) -> None:
        here = marked(NAMES[2], 3) * np.float32(0.2)
        assert [segment.token for segment in found(UNMARKED, here, UNMARKED)] == [3]

    def test_survives_a_codec(self) -> None:
        whole = Sound(np.concatenate([UNMARKED, marked(NAMES[0], 4)]), RATE)
        coded = decode_trusted(encode_sound(whole, Output(codec="mp3", bit_rate_bps=64_000)), "mp3")
        assert [
            segment.token for segment in find_segments(coded.samples, coded.rate, keys=KEYS)
        ] == [4]

    def test_finds_a_recording_that_is_played_faster(self) -> None:
        whole = np.concatenate([UNMARKED[: 4 * RATE], marked(NAMES[0], 6), UNMARKED[: 2 * RATE]])
        (segment,) = find_segments(Sound(whole, 16_320).resample(16_000).samples, RATE, keys=KEYS)
        assert segment.token == 6
        assert segment.start_s == pytest.approx(4.0 / 1.02, abs=EDGE)

    def test_finds_a_recording_without_its_high_bands(self) -> None:
        whole = Sound(np.concatenate([marked(NAMES[0], 8), UNMARKED]), RATE)
        dull = whole.resample(4_000).resample(16_000)
        assert [segment.token for segment in find_segments(dull.samples, RATE, keys=KEYS)] == [8]

    def test_finds_nothing_in_unmarked_speech(self) -> None:
        assert found(UNMARKED, UNMARKED, UNMARKED) == []

    @pytest.mark.parametrize("size", [0, 100, 8_000])
    def test_finds_nothing_in_next_to_nothing(self, size: int) -> None:
        assert found(np.zeros(size, dtype=np.float32)) == []

    def test_counts_from_the_start_of_the_file_at_any_rate(self) -> None:
        here = Sound(np.concatenate([UNMARKED, marked(NAMES[2], 7)]), RATE).resample(44_100)
        (segment,) = find_segments(here.samples, here.rate, keys=KEYS)
        assert segment.start_s == pytest.approx(seconds(UNMARKED), abs=EDGE)

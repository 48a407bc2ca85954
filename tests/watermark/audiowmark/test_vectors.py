"""What the stock program wrote is read, and what it writes is written: row for row, sample for
sample.
"""

from __future__ import annotations

import numpy as np
import pytest

from provenance.clips.audiowmark_layer import STRENGTH
from tests.support.audiowmark_vectors import KEY, MESSAGE, WRONG_KEY, read, sound, steps, table
from watermark.audiowmark import AudiowmarkKey, detect, embed
from watermark.audiowmark.audiowmark_detector import HOPEFUL
from watermark.audiowmark.audiowmark_embedder import compute_difference
from watermark.audiowmark.peak_limiter import cut_to_16_bits

LISTS = [
    ("loud44_8.marked", "loud44_8.marked", KEY),
    ("loud44_8.unmarked", "loud44_8.original", KEY),
    ("mono24_30.marked", "mono24_30.marked", KEY),
    ("mono24_30.marked-strength15", "mono24_30.marked-strength15", KEY),
    ("mono24_30.unmarked", "mono24_30.original", KEY),
    ("mono24_30.wrong-key", "mono24_30.marked", WRONG_KEY),
]


class TestReading:
    @pytest.mark.parametrize(
        ("listed", "file", "key"), LISTS, ids=[listed for listed, _, _ in LISTS]
    )
    def test_gives_the_rows_of_the_program(
        self, listed: str, file: str, key: AudiowmarkKey
    ) -> None:
        rows = read(file, key)
        wanted = table(f"{listed}.get")["matches"]
        assert [(row.key, row.message, row.kind.value, int(row.seconds)) for row in rows] == [
            (row["key"], row["bits"], row["type"], _seconds(row["pos"])) for row in wanted
        ]
        for name in ("quality", "error", "rating"):
            ours, theirs = ([getattr(row, name) for row in rows], [row[name] for row in wanted])
            assert np.abs(np.subtract(ours, theirs)).max() < 1e-3

    def test_gives_the_hopeful_rows_of_a_whole_minute(self) -> None:
        """Of the program's list those rows that a quick look gives, as it lists them."""
        rows = detect(*sound("mono44_60.marked"), keys=[KEY], minimum=HOPEFUL)
        wanted = {
            (row["bits"], row["type"], _seconds(row["pos"])): row
            for row in table("mono44_60.marked.get")["matches"]
        }
        assert {row.message for row in rows if row.believable} == {MESSAGE}
        assert sum(row.message == MESSAGE for row in rows) == sum(
            bits == MESSAGE for bits, _, _ in wanted
        )
        for row in rows:
            theirs = wanted[row.message, row.kind.value, int(row.seconds)]
            ours = [row.quality, row.error, row.rating]
            assert (
                np.abs(
                    np.subtract(ours, [theirs[name] for name in ("quality", "error", "rating")])
                ).max()
                < 1e-3
            )

    @pytest.mark.parametrize("file", ["mono24_30.marked", "mono24_30.marked-strength15"])
    def test_believes_every_row_with_the_message_and_no_other(self, file: str) -> None:
        believed = [row.message for row in read(file) if row.believable]
        assert believed == [MESSAGE] * sum(row.message == MESSAGE for row in read(file)) != []

    def test_has_the_message_first_even_in_eight_loud_seconds(self) -> None:
        assert read("loud44_8.marked")[0].message == MESSAGE

    @pytest.mark.parametrize(("_listed", "file", "key"), [LISTS[1], *LISTS[4:6]])
    def test_believes_nothing_unmarked_and_nothing_of_a_wrong_key(
        self, _listed: str, file: str, key: AudiowmarkKey
    ) -> None:
        rows = read(file, key)
        assert rows
        assert not [row for row in rows if row.believable or row.message == MESSAGE]

    def test_finds_what_can_be_believed_the_fast_way_too(self) -> None:
        rows = detect(*sound("mono24_30.marked"), keys=[WRONG_KEY, KEY], minimum=HOPEFUL)
        assert [(row.key, row.message) for row in rows if row.believable] == [
            ("sayso-vectors", MESSAGE)
        ]
        assert len(rows) < len(read("mono24_30.marked"))


class TestWriting:
    @pytest.mark.parametrize(
        ("points", "file"),
        [("mono24_30", "mono24_30"), ("loud44_8", "loud44_8"), ("stereo44_20", "stereo44_5")],
    )
    def test_adds_what_the_program_adds(self, points: str, file: str) -> None:
        host, rate = sound(f"{file}.original")
        known = table("delta-points")[points]
        inside = [
            n
            for n, index in enumerate(known["index"])
            if index < len(host) - 2048 or file == points
        ]
        places = np.array(known["index"])[inside]
        wanted = np.array(known["delta"]).reshape(len(known["index"]), -1)[inside]
        added = (
            np.clip(host + compute_difference(host, rate, key=KEY, message=MESSAGE), -1.0, 1.0)
            - host
        )
        assert len(inside) >= 15
        assert np.abs(added[places] - wanted).max() < 1e-6

    @pytest.mark.parametrize("file", ["mono24_30", "loud44_8"])
    def test_makes_the_same_file(self, file: str) -> None:
        host, rate = sound(f"{file}.original")
        ours = cut_to_16_bits(embed(host, rate, key=KEY, message=MESSAGE)).astype(np.int64)
        theirs = steps(f"{file}.marked")
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 0.002

    def test_makes_the_same_file_at_the_strength_of_the_command_line(self) -> None:
        host, rate = sound("mono24_30.original")
        ours = cut_to_16_bits(
            embed(host, rate, key=KEY, message=MESSAGE, strength=STRENGTH)
        ).astype(np.int64)
        theirs = steps("mono24_30.marked-strength15")
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 0.002

    @pytest.mark.parametrize("file", ["mono24_30", "loud44_8"])
    def test_differs_from_the_program_by_less_than_a_hundredth_of_what_is_added(
        self, file: str
    ) -> None:
        host, rate = sound(f"{file}.original")
        ours = cut_to_16_bits(embed(host, rate, key=KEY, message=MESSAGE)) / 32768.0 - host
        theirs = steps(f"{file}.marked") / 32768.0 - host
        assert np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)) < 0.01


def _seconds(place: str) -> int:
    minutes, seconds = place.split(":")
    return 60 * int(minutes) + int(seconds)

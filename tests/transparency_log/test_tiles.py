"""Tile paths as C2SP spells them, and no other spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFound
from transparency_log.formats import tile_paths


class TestPath:
    @pytest.mark.parametrize(
        ("n", "path"),
        [(0, "000"), (5, "005"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
    )
    def test_is_the_one_of_the_specification(self, n: int, path: str) -> None:
        assert tile_paths.encode_number(n) == path
        assert tile_paths.decode_number(path) == (n, 256)

    def test_of_a_partial_tile_ends_in_its_width(self) -> None:
        assert tile_paths.encode_path(0, 273, 112) == "tile/0/273.p/112"
        assert tile_paths.decode_number("273.p/112") == (273, 112)
        assert tile_paths.encode_path("entries", 1234) == "tile/entries/x001/234"

    @given(st.integers(0, 2**55), st.integers(1, 256))
    def test_reads_as_it_was_written(self, n: int, width: int) -> None:
        assert tile_paths.decode_number(
            tile_paths.encode_path(0, n, width).removeprefix("tile/0/")
        ) == (n, width)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "0",
            "00",
            "0000",
            "x000/001",
            "001/234",
            "x001",
            "x001/",
            "/001",
            "x001/x234",
            "-01",
            "001.p/0",
            "001.p/256",
            "001.p/00",
            "001.p/01",
            "001.p/",
            "001.p",
            "٠٠١",
            "001\n",
            "X001/234",
            "x1/234",
            "x999/" * 9 + "999",
            "../../etc",
        ],
    )
    def test_has_no_other_spelling(self, text: str) -> None:
        with pytest.raises(NotFound):
            tile_paths.decode_number(text)

    @pytest.mark.parametrize("text", ["", "00", "01", "64", "-1", "x", "100"])
    def test_has_levels_from_0_to_63(self, text: str) -> None:
        assert (tile_paths.decode_level("0"), tile_paths.decode_level("63")) == (0, 63)
        with pytest.raises(NotFound):
            tile_paths.decode_level(text)


class TestBundle:
    def test_puts_two_bytes_of_length_before_every_entry(self) -> None:
        assert (
            tile_paths.build_entry_bundle([b"ab", b"", b"c" * 300])
            == b"\x00\x02ab\x00\x00\x01\x2c" + b"c" * 300
        )

"""The text form of API keys."""

from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import api_key_format

RANDOM = bytes(range(32))


class TestTextOf:
    @pytest.mark.parametrize(
        ("livemode", "prefix"), [(True, "sayso_live_"), (False, "sayso_test_")]
    )
    def test_has_prefix_43_digits_and_6_of_checksum(self, livemode: bool, prefix: str) -> None:
        assert re.fullmatch(
            prefix + "[0-9A-Za-z]{49}", api_key_format.encode_api_key(RANDOM, livemode=livemode)
        )

    @given(st.binary(min_size=32, max_size=32), st.booleans())
    def test_is_well_formed_whatever_the_bytes(self, random: bytes, livemode: bool) -> None:
        assert api_key_format.is_well_formed(
            api_key_format.encode_api_key(random, livemode=livemode)
        )

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
    def test_keeps_all_256_bits(self, one: bytes, other: bytes) -> None:
        same = api_key_format.encode_api_key(one, livemode=True) == api_key_format.encode_api_key(
            other, livemode=True
        )
        assert same == (one == other)

    def test_needs_32_bytes(self) -> None:
        with pytest.raises(ValueError, match="32"):
            api_key_format.encode_api_key(b"short", livemode=True)

    def test_stays_as_it_is(self) -> None:
        text = api_key_format.encode_api_key(RANDOM, livemode=True)
        assert text == "sayso_live_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3uv7Tc"
        assert zlib.crc32(text[:-6].encode()) < 62**6


class TestIsWellFormed:
    @given(st.integers(0, 59), st.characters(codec="ascii"))
    def test_notices_any_single_typo(self, place: int, letter: str) -> None:
        good = api_key_format.encode_api_key(RANDOM, livemode=True)
        typed = good[:place] + letter + good[place + 1 :]
        assert api_key_format.is_well_formed(typed) == (typed == good)

    @pytest.mark.parametrize(
        "text", ["", "sayso_live_", "sk_live_abc", "é" * 60, "sayso_live_" + "A" * 49 + "\n"]
    )
    def test_refuses_anything_else(self, text: str) -> None:
        assert not api_key_format.is_well_formed(text)


class TestShown:
    def test_gives_away_six_digits_of_forty_three(self) -> None:
        assert (
            api_key_format.get_key_prefix(api_key_format.encode_api_key(RANDOM, livemode=True))
            == api_key_format.encode_api_key(RANDOM, livemode=True)[:17]
        )

"""The code: that of the vectors, and what noise it bears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audiowmark_vectors import table
from watermark.audiowmark import BadMessage, convolutional_code

POLYNOMIALS = {
    "coded_a": convolutional_code.OF_A,
    "coded_b": convolutional_code.OF_B,
    "coded_ab": convolutional_code.OF_BOTH,
}
MESSAGES = st.binary(min_size=16, max_size=16).map(bytes.hex)


class TestEncode:
    @pytest.mark.parametrize("name", POLYNOMIALS)
    def test_gives_the_bits_of_the_vectors(self, name: str) -> None:
        bits = convolutional_code.message_to_bits(table("keyed-tables")["message"])
        assert "".join(map(str, bits.tolist())) == table("keyed-tables")["code"]["message_bits"]
        assert (
            "".join(map(str, convolutional_code.encode_bits(bits, POLYNOMIALS[name]).tolist()))
            == table("keyed-tables")["code"][name]
        )

    @given(MESSAGES)
    def test_makes_the_joined_code_of_the_two(self, message: str) -> None:
        bits = convolutional_code.message_to_bits(message)
        of_a, of_b = (
            convolutional_code.encode_bits(bits, convolutional_code.OF_A),
            convolutional_code.encode_bits(bits, convolutional_code.OF_B),
        )
        assert (
            np.stack([of_a, of_b], axis=1).ravel().tolist()
            == convolutional_code.encode_bits(bits, convolutional_code.OF_BOTH).tolist()
        )


class TestDecode:
    @settings(max_examples=8, deadline=None)
    @given(MESSAGES, st.sampled_from(sorted(POLYNOMIALS)), st.integers(0, 2**32 - 1))
    def test_reads_through_noise(self, message: str, name: str, seed: int) -> None:
        sent = convolutional_code.encode_bits(
            convolutional_code.message_to_bits(message), POLYNOMIALS[name]
        )
        noise = np.random.default_rng(seed).normal(0.0, 0.8, sent.size)
        bits, error = convolutional_code.decode_bits(
            convolutional_code.normalise_values(2.0 * sent - 1.0 + noise), POLYNOMIALS[name]
        )
        assert convolutional_code.bits_to_message(bits) == message
        assert 0.05 < error < 0.3

    def test_finds_no_error_in_a_clean_code(self) -> None:
        sent = convolutional_code.encode_bits(
            convolutional_code.message_to_bits("ff00"), convolutional_code.OF_BOTH
        )
        bits, error = convolutional_code.decode_bits(
            sent.astype(np.float64), convolutional_code.OF_BOTH
        )
        assert convolutional_code.bits_to_message(bits) == "ff00" * 8
        assert abs(error) < 1e-12

    def test_is_at_a_loss_without_any_value(self) -> None:
        bits, error = convolutional_code.decode_bits(
            convolutional_code.normalise_values(np.zeros(858)), convolutional_code.OF_A
        )
        assert (convolutional_code.bits_to_message(bits), error) == ("0" * 32, 0.25)


class TestMessages:
    @given(MESSAGES)
    def test_come_back(self, message: str) -> None:
        assert (
            convolutional_code.bits_to_message(convolutional_code.message_to_bits(message))
            == message
        )

    @pytest.mark.parametrize(
        ("short", "whole"), [("a", "a" * 32), ("123", ("123" * 11)[:32]), ("F0", "f0" * 16)]
    )
    def test_are_repeated_when_short(self, short: str, whole: str) -> None:
        assert (
            convolutional_code.bits_to_message(convolutional_code.message_to_bits(short)) == whole
        )

    @pytest.mark.parametrize("message", ["", "g", "0" * 33, "12 34", "0x12", "-1", "٣", "12\n"])
    def test_are_hexadecimal_digits(self, message: str) -> None:
        with pytest.raises(BadMessage):
            convolutional_code.message_to_bits(message)

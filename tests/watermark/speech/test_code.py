"""CRC-24 and the tail-biting code: round trips, errors corrected, errors seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watermark.speech import error_correction
from watermark.speech.parameters import Bits

MESSAGES = st.integers(0, 2**56 - 1).map(lambda number: error_correction.unpack_bits(number, 56))
TOKENS = st.integers(0, 2**32 - 1)


def block(token: int) -> Bits:
    bits = error_correction.unpack_bits(token, 32)
    return np.concatenate([bits, error_correction.compute_crc24(bits)])


class TestCrc24:
    def test_is_the_one_of_openpgp(self) -> None:
        """The check value of CRC-24/OPENPGP in the catalogue of parametrised CRCs: "123456789"
        gives 21CF02.
        """
        assert (
            error_correction.pack_bits(
                error_correction.compute_crc24(
                    error_correction.unpack_bits(int.from_bytes(b"123456789", "big"), 72)
                )
            )
            == 0x21CF02
        )

    @given(TOKENS, st.integers(0, 55))
    def test_sees_every_single_wrong_bit(self, token: int, place: int) -> None:
        wrong = block(token)
        wrong[place] ^= 1
        assert not np.array_equal(error_correction.compute_crc24(wrong[:32]), wrong[32:])

    @given(TOKENS, st.integers(0, 32), st.integers(1, 2**24 - 1))
    def test_sees_every_burst_of_up_to_24_bits(self, token: int, start: int, burst: int) -> None:
        wrong = block(token) ^ error_correction.unpack_bits(burst << (32 - start), 56)
        assert not np.array_equal(error_correction.compute_crc24(wrong[:32]), wrong[32:])


class TestPack:
    @given(TOKENS)
    def test_undoes_unpack(self, token: int) -> None:
        assert error_correction.pack_bits(error_correction.unpack_bits(token, 32)) == token


class TestCode:
    def test_sends_what_it_always_sent(self) -> None:
        signs = error_correction.encode_message(block(0xC0FFEE42))
        sent = "".join("01"[int(sign < 0)] for sign in signs)
        assert f"{int(sent, 2):028x}" == "145c7861a94052bdd48f67a5fa43"

    def test_sends_the_generators_for_a_single_one(self) -> None:
        """The impulse response spells the generators 557 and 663 (octal), first bit first."""
        sent = (
            (error_correction.encode_message(error_correction.unpack_bits(1 << 55, 56)) < 0)
            .astype(np.uint8)
            .reshape(-1, 2)[:9]
        )
        assert error_correction.pack_bits(sent[::-1, 0]) == 0o557
        assert error_correction.pack_bits(sent[::-1, 1]) == 0o663

    @settings(max_examples=30, deadline=None)
    @given(st.lists(MESSAGES, min_size=1, max_size=4))
    def test_reads_what_was_sent(self, messages: list[Bits]) -> None:
        read = error_correction.decode_messages(
            np.array([error_correction.encode_message(message) for message in messages])
        )
        assert read.tolist() == [message.tolist() for message in messages]

    @settings(max_examples=30, deadline=None)
    @given(MESSAGES, st.sets(st.integers(0, 111), max_size=5))
    def test_corrects_five_wrong_signs_anywhere(self, message: Bits, places: set[int]) -> None:
        """The free distance is 12, so five hard errors are always within reach."""
        signs = error_correction.encode_message(message)
        signs[list(places)] *= -1
        assert error_correction.decode_messages(signs[None]).tolist() == [message.tolist()]

    @pytest.mark.parametrize("shift", [1, 7, 20, 55])
    def test_bites_its_tail(self, shift: int) -> None:
        """A turned message gives turned signs: no place of the message is weaker than another."""
        message = block(0x12345678)
        assert np.array_equal(
            error_correction.encode_message(np.roll(message, shift)),
            np.roll(error_correction.encode_message(message), 2 * shift),
        )

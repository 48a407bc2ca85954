"""The message and its convolutional code: six polynomials for a block, all twelve for a pair."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import MESSAGE_BITS, TAIL_BITS, Bits, Matrix, Vector

POLYNOMIALS: Final = (
    0o66561, 0o75211, 0o71545, 0o54435, 0o63635, 0o52475, 0o63543, 0o75307, 0o52547, 0o45627,
    0o67657, 0o51757,
)  # fmt: skip
OF_A: Final = POLYNOMIALS[0::2]
OF_B: Final = POLYNOMIALS[1::2]
OF_BOTH: Final = POLYNOMIALS
STATES: Final = 1 << TAIL_BITS
_MESSAGE: Final = re.compile(r"[0-9a-fA-F]{1,32}\Z")


class BadMessage(ValueError):
    """A message that is not one to 32 hexadecimal digits."""


def message_to_bits(message: str) -> Bits:
    """Return the 128 bits of a hexadecimal message. A shorter one is repeated.

    Raises BadMessage.
    """
    if not _MESSAGE.match(message):
        raise BadMessage("a message is 1 to 32 hexadecimal digits")

    bits = [int(digit, 16) >> shift & 1 for digit in message for shift in (3, 2, 1, 0)]
    return np.resize(np.array(bits, dtype=np.uint8), MESSAGE_BITS)


def bits_to_message(bits: Bits) -> str:
    """Return a row of bits as lower-case hexadecimal digits."""
    return np.packbits(bits).tobytes().hex()


def encode_bits(bits: Bits, polynomials: tuple[int, ...]) -> Bits:
    """Return the code of a row of bits, closed by 15 zeros.

    It has one output for each polynomial after each bit.
    """
    table = _compute_outputs(polynomials)
    register = 0
    rows = []
    for bit in [*bits.tolist(), *[0] * TAIL_BITS]:
        register = (register << 1 | bit) & (STATES - 1)
        rows.append(table[register])

    return np.concatenate(rows).astype(np.uint8)


def normalise_values(values: Vector) -> Vector:
    """Return the soft bits of a code: around 0 for a clear zero and 1 for a clear one.

    All are 0.5 where there is no signal.
    """
    level = float(np.abs(values).mean()) if values.size else 0.0
    if not level:
        return np.full(values.size, 0.5)

    return 0.5 * (values / level + 1.0)


def decode_bits(soft: Vector, polynomials: tuple[int, ...]) -> tuple[Bits, float]:
    """Return the likeliest message of soft bits, and its mean square error per coded bit.

    The decoder is Viterbi's, from state 0 to state 0. Of two ways with the same cost, the one from
    the lower state wins.
    """
    received = soft.reshape(-1, len(polynomials))
    outputs = _compute_outputs(polynomials)
    half = STATES // 2

    cost = np.full(STATES, np.inf)
    cost[0] = 0.0
    from_upper = np.empty((len(received), half), dtype=bool)
    for step, heard in enumerate(received):
        # The square of (soft - expected) is soft² + expected - 2 soft·expected, as expected is 0 or
        # 1. So one matrix product a step gives the costs of all states.
        arrival = outputs @ (1.0 - 2.0 * heard) + np.square(heard).sum()
        lower, upper = cost[:half], cost[half:]
        np.less(upper, lower, out=from_upper[step])
        best = np.minimum(lower, upper)
        cost = best.repeat(2) + arrival

    return _walk_back(from_upper)[:-TAIL_BITS], float(cost[0]) / soft.size


def _walk_back(from_upper: NDArray[np.bool_]) -> Bits:
    """Return the bits on the way that ends in state 0."""
    steps, half = from_upper.shape
    bits = np.empty(steps, dtype=np.uint8)
    state = 0

    for step in range(steps - 1, -1, -1):
        bits[step] = state & 1
        state >>= 1
        state += half * int(from_upper[step, state])

    return bits


@lru_cache(maxsize=3)
def _compute_outputs(polynomials: tuple[int, ...]) -> Matrix:
    """Return what is sent on arriving in each state, shape (states, polynomials).

    It is the parity of state and polynomial.
    """
    states = np.arange(STATES)
    columns = []
    for polynomial in polynomials:
        folded = states & polynomial
        for shift in (8, 4, 2, 1):
            folded ^= folded >> shift
        columns.append(folded & 1)

    return np.stack(columns, axis=1).astype(np.float64)

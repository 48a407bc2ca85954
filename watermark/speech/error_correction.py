"""The error-correcting code of the watermark: CRC-24 and a convolutional code.

The code is tail-biting, with constraint length K=9 and rate 1/2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watermark.speech.parameters import Bits, Matrix, Vector

CRC24_POLYNOMIAL = 0x864CFB  # RFC 9580, section 6.1 (OpenPGP)
CRC24_START = 0xB704CE
# Maximum free distance (12) at K=9, rate 1/2: the pair of the EDGE and LTE literature.
GENERATORS = (0o557, 0o663)
MEMORY = 8
STATES = 1 << MEMORY
# How far a decision reaches: after 5 constraint lengths the survivors have merged (Forney's rule of
# thumb).
WRAP = 24


def compute_crc24(bits: Bits) -> Bits:
    """Return the CRC-24 of a row of bits, most significant first, as 24 bits."""
    register = CRC24_START
    for bit in bits.tolist():
        feedback = (register >> 23) ^ bit
        register = (register << 1) & 0xFFFFFF
        if feedback & 1:
            register ^= CRC24_POLYNOMIAL

    return unpack_bits(register, 24)


def unpack_bits(number: int, width: int) -> Bits:
    """Return `number` as `width` bits, most significant first."""
    return np.array([(number >> shift) & 1 for shift in range(width - 1, -1, -1)], dtype=np.uint8)


def pack_bits(bits: Bits) -> int:
    """Return the number of a row of bits, most significant first."""
    return int("".join(map(str, bits.tolist())), 2)


# Oldest bit first.
TAPS = np.array([unpack_bits(generator, MEMORY + 1) for generator in GENERATORS], dtype=np.int64)


def _compute_parity(values: NDArray[np.int64]) -> NDArray[np.int64]:
    folded = values.copy()
    for shift in (8, 4, 2, 1):
        folded ^= folded >> shift

    return folded & 1


def _build_trellis() -> tuple[NDArray[np.int64], NDArray[np.int64], Matrix, Matrix]:
    """Return the two predecessors of each state and the signs sent on the way from each of them.

    The signs have shape (2, states). A state is the last 8 bits, newest lowest. The register is
    state and new bit, 9 bits wide.
    """
    state = np.arange(STATES, dtype=np.int64)
    first = state >> 1
    second = (state >> 1) | (STATES >> 1)
    newest = state & 1

    sent = [
        np.array(
            [
                1.0 - 2.0 * _compute_parity(((before << 1) | newest) & generator)
                for generator in GENERATORS
            ]
        )
        for before in (first, second)
    ]

    return first, second, sent[0], sent[1]


FIRST, SECOND, SENT_FIRST, SENT_SECOND = _build_trellis()


def encode_message(message: Bits) -> Vector:
    """Return the signs (+1 for 0, -1 for 1) of the coded message, two for each bit.

    Tail-biting: the register starts with the message's own last bits, so no bits are spent on a
    tail.
    """
    registers = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([message[-MEMORY:], message]), MEMORY + 1
    )
    parities = (registers.astype(np.int64) @ TAPS.T & 1).ravel()

    signs: Vector = 1.0 - 2.0 * parities.astype(np.float64)
    return signs


def decode_messages(soft: Matrix) -> Bits:
    """Return the likeliest messages for rows of soft values, shape (rows, message bits).

    A positive value means sign +1. The decoder is Viterbi's.
    """
    rows, width = soft.shape
    length = width // 2
    pairs = soft.reshape(rows, length, 2)

    # The row is wrapped around itself: the uncertain ends of the walk fall into the repeated part.
    walk = np.concatenate([pairs[:, -WRAP:], pairs, pairs[:, :WRAP]], axis=1).astype(np.float32)
    to_first = np.einsum("htk,ks->ths", walk, SENT_FIRST.astype(np.float32))
    to_second = np.einsum("htk,ks->ths", walk, SENT_SECOND.astype(np.float32))

    metric = np.zeros((rows, STATES), dtype=np.float32)
    took_second = np.empty((walk.shape[1], rows, STATES), dtype=bool)

    for step in range(walk.shape[1]):
        one = metric[:, FIRST] + to_first[step]
        two = metric[:, SECOND] + to_second[step]
        np.greater(two, one, out=took_second[step])
        metric = np.maximum(one, two)

    return _trace_back(took_second, np.argmax(metric, axis=1), length)


def _trace_back(took_second: NDArray[np.bool_], state: NDArray[np.intp], length: int) -> Bits:
    """Walk the survivors back from the end and return the middle `length` bits."""
    steps, rows, _ = took_second.shape
    bits = np.empty((rows, steps), dtype=np.uint8)
    every_row = np.arange(rows)

    for step in range(steps - 1, -1, -1):
        bits[:, step] = state & 1
        state = (state >> 1) | (took_second[step, every_row, state].astype(np.intp) << (MEMORY - 1))

    return bits[:, WRAP : WRAP + length]

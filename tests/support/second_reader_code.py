"""What a key says and what soft values say, for the second reader; written from docs/watermark.md
alone.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CELLS = 4760


def stream(key: bytes, label: str, count: int) -> bytes:
    return hashlib.shake_256(b"sayso-speech/1\0" + label.encode() + b"\0" + key).digest(count)


def shuffled(key: bytes, label: str) -> list[int]:
    raw = stream(key, label, 8 * CELLS)
    return sorted(range(CELLS), key=lambda cell: raw[8 * cell : 8 * cell + 8])


def bits(key: bytes, label: str, count: int) -> list[int]:
    raw = stream(key, label, math.ceil(count / 8))
    return [raw[at // 8] >> (7 - at % 8) & 1 for at in range(count)]


def signs(key: bytes, label: str, count: int) -> Floats:
    return np.array([1.0 - 2.0 * bit for bit in bits(key, label, count)])


def crc24(message: list[int]) -> list[int]:
    value = 0xB704CE
    for bit in message:
        top = value >> 23 & 1
        value = value << 1 & 0xFFFFFF
        if top != bit:
            value ^= 0x864CFB
    return [value >> shift & 1 for shift in range(23, -1, -1)]


def outputs(register: int) -> tuple[float, float]:
    """The two signs for a register of 9 bits."""
    one, other = (1.0 - 2.0 * (bin(register & mask).count("1") % 2) for mask in (0o557, 0o663))
    return one, other


def encoded(message: list[int]) -> Floats:
    register = 0
    out: list[float] = []
    for place, bit in enumerate(message[-8:] + message):
        register = (register << 1 | bit) & 0x1FF
        if place >= 8:
            out += outputs(register)
    return np.array(out)


def viterbi(soft: Floats) -> list[int]:
    """The likeliest message, on the message wrapped by 24 steps on both sides."""
    pairs = soft.reshape(-1, 2)
    walk = np.concatenate([pairs[-24:], pairs, pairs[:24]])
    sent = np.array(
        [outputs(register) for register in range(512)]
    )  # register = old state (8 bits), new bit
    metric = np.zeros(256)
    survivors = []
    for pair in walk:
        reach = np.repeat(metric, 2) + sent @ pair  # by register: state * 2 + bit
        low, high = (
            reach[:256],
            reach[256:],
        )  # the two registers that end in one state differ in their top bit
        survivors.append(high > low)
        metric = np.maximum(low, high)
    state, message = int(np.argmax(metric)), []
    for took_high in reversed(survivors):
        message.append(state & 1)
        state = state >> 1 | (128 if took_high[state] else 0)
    return message[::-1][24:-24]


def message_in(soft: Floats, key: bytes, label: str) -> tuple[int, float] | None:
    coded = viterbi(soft)
    plain = [bit ^ white for bit, white in zip(coded, bits(key, label, len(coded)), strict=True)]
    score = float(soft @ encoded(coded)) / soft.size
    if crc24(plain[:-24]) != plain[-24:] or score < 0.7:
        return None
    return int("".join(map(str, plain[:-24])), 2), score


def agreement_of(soft: Floats) -> float:
    """How well the likeliest message explains what was heard."""
    return float(soft @ encoded(viterbi(soft))) / math.sqrt(float(soft @ soft))

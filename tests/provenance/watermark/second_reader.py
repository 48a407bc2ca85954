"""A second reader of the watermark, written from docs/watermark.md alone: nothing of the package is used.

`python -m tests.provenance.watermark.second_reader KEYHEX FILE` (16 kHz, mono) says what it reads. It is slow.
"""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FRAME, SLOTS, BANDS, CELLS = 192, 85, 56, 4760


@dataclass(frozen=True)
class Found:
    token: int
    score: float
    identity: int | None


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
    sent = np.array([outputs(register) for register in range(512)])  # register = old state (8 bits), new bit
    metric = np.zeros(256)
    survivors = []
    for pair in walk:
        reach = np.repeat(metric, 2) + sent @ pair  # by register: state * 2 + bit
        low, high = reach[:256], reach[256:]  # the two registers that end in one state differ in their top bit
        survivors.append(high > low)
        metric = np.maximum(low, high)
    state, message = int(np.argmax(metric)), []
    for took_high in reversed(survivors):
        message.append(state & 1)
        state = state >> 1 | (128 if took_high[state] else 0)
    return message[::-1][24:-24]


def energies(samples: Floats, offset: int) -> Floats:
    count = (samples.size - offset) // FRAME
    frames = samples[offset : offset + count * FRAME].reshape(count, FRAME)
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / FRAME) for n in range(FRAME)]
    power = np.abs(np.fft.rfft(frames * window, axis=1)[:, 4:60]) ** 2
    return np.asarray(10 * np.log10(power + 1e-12))


def level(energy: Floats) -> float:
    power = (10 ** (energy / 10)).mean(axis=1)
    speaks = np.ones(power.size, dtype=bool)
    for _ in range(4):
        speaks = power >= power[speaks].mean() / 100
    return float(np.percentile(energy[speaks], 99))


def contrasts(energy: Floats, loud: float) -> Floats:
    contrast = energy.copy()
    contrast[1:-1] -= (energy[:-2] + energy[2:]) / 2
    contrast[0] -= energy[1]
    contrast[-1] -= energy[-2]
    return np.asarray(np.clip(contrast, -10, 10) * np.clip((energy - loud + 50) / 40, 0, 1))


def folded(contrast: Floats) -> Floats:
    out = np.zeros((SLOTS, BANDS))
    for frame, row in enumerate(contrast):
        out[frame % SLOTS] += row
    return out


def softened(cells: Floats, squares: Floats, chip: Floats, group: list[int], count: int) -> Floats:
    total, noise = np.zeros(count), np.zeros(count)
    for cell, of in enumerate(group):
        if of < count:
            total[of] += chip[cell] * cells[cell]
            noise[of] += squares[cell]
    return np.asarray(total / math.sqrt(noise.mean()))


def message_in(soft: Floats, key: bytes, label: str) -> tuple[int, float] | None:
    coded = viterbi(soft)
    plain = [bit ^ white for bit, white in zip(coded, bits(key, label, len(coded)), strict=True)]
    if crc24(plain[:-24]) != plain[-24:]:
        return None
    return int("".join(map(str, plain[:-24])), 2), float(soft @ encoded(coded)) / soft.size


def read(samples: Floats, key: bytes) -> Found | None:
    """What is in a clip of 16 kHz, first stage only."""
    order, chip, known = shuffled(key, "permutation"), signs(key, "chips", CELLS), signs(key, "sync", 24)
    group, pattern = [0] * CELLS, np.zeros(CELLS)
    for place, cell in enumerate(order):
        group[cell] = 112 + place % 24 if place < 480 else (place - 480) % 112
        pattern[cell] = known[place % 24] * chip[cell] if place < 480 else 0.0
    loud = level(energies(samples, 0))
    tries = []
    for offset in range(0, FRAME, 24):
        contrast = contrasts(energies(samples, offset), loud)
        cells, squares = folded(contrast), folded(contrast**2)
        for start in range(SLOTS):
            turned = np.roll(cells, -start, axis=0).ravel()
            agreement = float(turned @ pattern) / math.sqrt(480 / CELLS * squares.sum())
            tries.append((agreement, turned, np.roll(squares, -start, axis=0).ravel()))
    found = []
    for agreement, cells, squares in sorted(tries, key=lambda one: -one[0])[:8]:
        said = message_in(softened(cells, squares, chip, group, 112), key, "whitening")
        if agreement >= 2.0 and said and said[1] >= 0.7:
            found.append((said[1], said[0], cells, squares))
    if not found:
        return None
    score, token, cells, squares = max(found, key=lambda one: one[0])
    return Found(token, score, identity_in(cells, squares, key))


def identity_in(cells: Floats, squares: Floats, key: bytes) -> int | None:
    group = [0] * CELLS
    for place, cell in enumerate(shuffled(key, "identity permutation")):
        group[cell] = place % 304
    soft = softened(cells, squares, signs(key, "identity chips", CELLS), group, 304)
    said = message_in(soft, key, "identity whitening")
    return said[0] if said else None


if __name__ == "__main__":
    sound, rate = soundfile.read(sys.argv[2], dtype="float64")
    assert rate == 16_000, "resample to 16 kHz first"
    sys.stdout.write(f"{read(sound, bytes.fromhex(sys.argv[1]))}\n")

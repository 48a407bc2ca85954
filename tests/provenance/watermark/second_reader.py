"""A second reader of the watermark, written from docs/watermark.md alone: nothing of the package is used.

`python -m tests.provenance.watermark.second_reader KEYHEX FILE` (16 kHz, mono) says what it reads. It is slow.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator
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


def stretches(frames: int, *, cut: bool) -> list[slice]:
    """The frames to fold together: all of them, and in long clips runs of five periods, three apart.

    `cut`: runs of two periods, one apart, where there are three periods and more.
    """
    periods = math.ceil(frames / SLOTS)
    size, apart, least = (2, 1, 3) if cut else (5, 3, 9)
    firsts = range(0, periods - size + apart, apart) if periods >= least else []
    return [slice(0, frames)] + [slice(first * SLOTS, (first + size) * SLOTS) for first in firsts]


def level_of_bands(cells: Floats) -> Floats:
    return np.repeat(cells.mean(axis=0)[None], SLOTS, axis=0)


def grouped(values: Floats, group: list[int], count: int) -> Floats:
    return np.asarray(np.bincount(group, values.ravel(), minlength=count)[:count])


def softened(cells: Floats, squares: Floats, chip: Floats, group: list[int], count: int) -> Floats:
    noise = grouped(squares, group, count).mean()
    return np.asarray(grouped(chip * cells.ravel(), group, count) / math.sqrt(noise))


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


@dataclass(frozen=True)
class Place:
    """Folded cells, turned so that the pattern begins in slot 0, and those of the whole clip at the same place."""

    cells: Floats
    squares: Floats
    whole: Floats
    whole_squares: Floats


def read(samples: Floats, key: bytes) -> Found | None:
    """What is in a clip of 16 kHz and up to a minute, at its own pace and with all its bands: steps 1 to 8."""
    found = read_once(samples, key, cut=False)
    if found is None and (echo := echo_in(samples)):
        found = read_once(without(samples, *echo), key, cut=False)
    return found or read_once(samples, key, cut=True)


def echo_in(samples: Floats) -> tuple[float, float] | None:
    """Delay in samples and sign of the echo that stands out, if one does."""
    frames = [samples[at : at + 4096] for at in range(0, samples.size - 4095, 2048)]
    energy = [float(frame @ frame) for frame in frames]
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / 4096) for n in range(4096)])
    logs = []
    for frame, power in zip(frames, energy, strict=True):
        if power > max(energy) / 1000:
            spectrum = np.abs(np.fft.rfft(frame * window)) ** 2
            logs.append(np.log(spectrum / (spectrum.mean() + 1e-6) + 1e-6)[77:1280])
    if not logs:
        return None
    mean = np.mean(logs, axis=0)
    around = np.pad(mean, 60, mode="edge")
    ripple = mean - np.array([around[at : at + 121].mean() for at in range(mean.size)])
    weight = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / mean.size) for n in range(mean.size)])
    delays = np.arange(80, 1120) / 2
    peaks = [float(2 * np.cos(2 * np.pi * delay * np.arange(77, 1280) / 4096) @ (weight * ripple)) for delay in delays]
    best = int(np.argmax(np.abs(peaks)))
    height = peaks[best] / float(weight.sum())
    return (float(delays[best]), math.copysign(1.0, height)) if abs(height) >= 0.6 else None


def without(samples: Floats, delay: float, sign: float) -> Floats:
    """The sound with its echo taken off."""
    size = 2 ** math.ceil(math.log2(samples.size + 16 * delay))
    comb = 1 + 0.97 * sign * np.exp(-2j * np.pi * delay * np.arange(size // 2 + 1) / size)
    inverse = np.conj(comb) / (np.abs(comb) ** 2 + 0.02)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * inverse, size)[: samples.size])


def read_once(samples: Floats, key: bytes, *, cut: bool) -> Found | None:
    order, chip, known = shuffled(key, "permutation"), signs(key, "chips", CELLS), signs(key, "sync", 24)
    group, pattern = [0] * CELLS, np.zeros(CELLS)
    for at, cell in enumerate(order):
        group[cell] = 112 + at % 24 if at < 480 else (at - 480) % 112
        pattern[cell] = known[at % 24] * chip[cell] if at < 480 else 0.0
    coded = np.array(group) < 112
    agreeing = sorted(places(samples, pattern, cut=cut), key=lambda one: -one[0])[:32]
    clear = []
    for agreement, place in agreeing:
        even = (place.cells - level_of_bands(place.cells)).ravel()
        sums = grouped(chip * even, group, 112)
        lean = (float(sums @ sums) / float(np.square(even[coded]).sum()) - 1) * math.sqrt(112 / 2)
        if agreement + lean >= 5.0:
            clear.append((agreement + lean, place))
    softs = []
    for _, place in sorted(clear, key=lambda one: -one[0])[:4]:
        plain = softened(place.cells, place.squares, chip, group, 112)
        means = softened(level_of_bands(place.cells), place.squares, chip, group, 112)
        tried = [plain - quarter / 4 * means for quarter in range(5)]
        softs.append((max(tried, key=lambda soft: np.abs(soft).mean() / math.sqrt(np.square(soft).mean())), place))
    for soft, place in sorted(softs, key=lambda one: -agreement_of(one[0]))[:2]:
        if said := message_in(soft, key, "whitening"):
            return Found(*said, identity_in(place.whole, place.whole_squares, key))
    return None


def places(samples: Floats, pattern: Floats, *, cut: bool) -> Iterator[tuple[float, Place]]:
    """Every place where the pattern may begin, and how far the sync cells agree with it."""
    loud = level(energies(samples, 0))
    for offset in range(0, FRAME, 24):
        contrast = contrasts(energies(samples, offset), loud)
        folds = [(folded(contrast[part]), folded(contrast[part] ** 2)) for part in stretches(len(contrast), cut=cut)]
        for cells, squares in folds:
            even = cells - level_of_bands(cells)
            spread = math.sqrt(480 / CELLS * np.square(even).sum())
            for start in range(SLOTS):
                turned = [np.roll(field, -start, axis=0) for field in (cells, squares, *folds[0])]
                yield float(np.roll(even, -start, axis=0).ravel() @ pattern) / spread, Place(*turned)


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

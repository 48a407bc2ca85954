"""The keyed layout of one period: which cell carries which bit, from SHAKE-256 alone.

A second implementation needs only this: the stream of `label` is SHAKE-256 over the ASCII text
`sayso-speech/1`, a zero byte, the label, a zero byte, and the key. Words are read big-endian.

- `permutation`: one 64-bit word per cell (cell = slot * bands + band). Cells sorted by their word
  (stable) are the shuffled order. The first `sync_cells` of it belong to the sync groups in turn
  (the i-th to group i mod 24), the others to the coded bits in turn.
- `chips`: one bit per cell, most significant bit of each byte first. 0 is +1 and 1 is -1.
- `sync`: one bit per sync group, read the same way.
- `whitening`: one bit per message bit, added modulo 2.
- `start`: see `derive_start_slot`.
- `identity permutation`, `identity chips` and `identity whitening`: the same for the identity layer
  (`identity_layer`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from watermark.speech.parameters import SPEECH_1, Bits, Matrix, Scheme, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The secret pattern of one key.

    Arrays of cells have shape (slots, bands) and are read-only.
    """

    group: NDArray[np.intp]  # which group a cell belongs to: coded bits first, then sync groups
    chip: Matrix  # +1 or -1: the direction in which the cell speaks for its group
    sync_sign: Vector  # +1 or -1 for each sync group
    sync_pattern: Matrix  # the sync cells when the period starts at slot 0, and 0 elsewhere
    whitening: Bits  # added to the message, so that no token is written as all zeros


def derive_stream(key: bytes, label: str, length: int) -> bytes:
    """Return bytes that only the key gives (SHAKE-256 as a keyed stream, FIPS 202)."""
    head = f"{SPEECH_1.name}\0{label}\0".encode("ascii")
    return hashlib.shake_256(head + key).digest(length)


def derive_bits(key: bytes, label: str, count: int) -> Bits:
    """Return the first `count` bits of a stream, most significant bit of each byte first."""
    raw = np.frombuffer(derive_stream(key, label, -(-count // 8)), dtype=np.uint8)
    return np.unpackbits(raw)[:count]


def derive_signs(key: bytes, label: str, count: int) -> Vector:
    """Return the first `count` bits of a stream as signs: 0 is +1 and 1 is -1."""
    signs: Vector = 1.0 - 2.0 * derive_bits(key, label, count).astype(np.float64)
    return signs


def derive_order(key: bytes, label: str, count: int) -> NDArray[np.intp]:
    """Return the numbers below `count`, sorted by their 64-bit words of a stream."""
    words = np.frombuffer(derive_stream(key, label, 8 * count), dtype=">u8")
    return np.argsort(words, kind="stable")


@lru_cache(maxsize=64)
def build_layout(key: bytes, scheme: Scheme = SPEECH_1) -> Layout:
    """Return the layout of a key: the same key gives the same layout on every machine and NumPy."""
    order = derive_order(key, "permutation", scheme.cells)
    group = np.empty(scheme.cells, dtype=np.intp)
    sync = order[: scheme.sync_cells]
    coded = order[scheme.sync_cells :]
    group[sync] = scheme.coded_bits + np.arange(sync.size) % scheme.sync_groups
    group[coded] = np.arange(coded.size) % scheme.coded_bits

    chip = derive_signs(key, "chips", scheme.cells)
    sync_sign = derive_signs(key, "sync", scheme.sync_groups)

    pattern = np.zeros(scheme.cells)
    pattern[sync] = sync_sign[group[sync] - scheme.coded_bits] * chip[sync]

    shape = (scheme.slots, scheme.bands)
    found = Layout(
        group=group.reshape(shape),
        chip=chip.reshape(shape),
        sync_sign=sync_sign,
        sync_pattern=pattern.reshape(shape),
        whitening=derive_bits(key, "whitening", scheme.message_bits),
    )

    for array in (found.group, found.chip, found.sync_sign, found.sync_pattern, found.whitening):
        array.setflags(write=False)

    return found


def derive_start_slot(key: bytes, token: int, scheme: Scheme = SPEECH_1) -> int:
    """Return the slot with which a clip begins.

    It is one 64-bit word of the stream `start` and the token, modulo the slots. Readers search all
    slots.
    """
    # If every clip began with slot 0, many clips of one key could be added up until the sync cells
    # show.
    word = int.from_bytes(derive_stream(key, f"start {token:08x}", 8), "big")
    return word % scheme.slots

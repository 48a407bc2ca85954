"""The second layer of long clips: a 128-bit identity in the same cells, under a pattern and a message of its own.

Every cell of a period speaks for one bit of the token's layer and for one bit of this one. The layers' chips are
independent, so to each the other is noise, and the embedder solves for both. This layer has no sync cells: the token's
reading says where the period starts. Its message is as long as the period, so any eight seconds of a clip hold it.

A wrong identity passes its CRC once in 2^24, and it is only asked where a token was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import code
from provenance.watermark.ground import Cells
from provenance.watermark.layout import bits_of, order_of, signs_of_stream
from provenance.watermark.scheme import SPEECH_1, Bits, Matrix, Scheme, Vector

LEAST_SECONDS: Final = 8.0
SCORE_LEAST: Final = 0.70
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLayout:
    """The pattern of one key's identity layer. Arrays of cells have shape (slots, bands) and are read-only."""

    group: NDArray[np.intp]
    chip: Matrix
    whitening: Bits


@lru_cache(maxsize=16)
def identity_layout_of(key: bytes, scheme: Scheme = SPEECH_1) -> IdentityLayout:
    """The layout of a key: cells in shuffled order belong to the coded bits in turn."""
    order = order_of(key, "identity permutation", scheme.cells)
    group = np.empty(scheme.cells, dtype=np.intp)
    group[order] = np.arange(scheme.cells) % scheme.identity_coded_bits
    shape = (scheme.slots, scheme.bands)
    found = IdentityLayout(
        group=group.reshape(shape),
        chip=signs_of_stream(key, "identity chips", scheme.cells).reshape(shape),
        whitening=bits_of(key, "identity whitening", scheme.identity_message_bits),
    )
    for array in (found.group, found.chip, found.whitening):
        array.setflags(write=False)
    return found


def identity_signs(identity: int, layout: IdentityLayout, scheme: Scheme = SPEECH_1) -> Vector:
    """The sign that each coded bit shall speak with. Raises ValueError when the identity does not fit into 128 bits."""
    if not 0 <= identity < 1 << scheme.identity_bits:
        raise ValueError("an identity has 128 bits")
    bits = code.unpack(identity, scheme.identity_bits)
    return code.encode(np.concatenate([bits, code.crc24(bits)]) ^ layout.whitening)


def read_identity(contrast: Cells, square: Cells, key: bytes, *, start: int, scheme: Scheme = SPEECH_1) -> int | None:
    """The identity in folded cells (slots, bands) of which a token was read at slot `start`, or None."""
    layout = identity_layout_of(key)
    group = layout.group.ravel()
    said = (layout.chip * np.roll(contrast, -start, axis=0)).ravel()
    total = np.bincount(group, said, minlength=scheme.identity_coded_bits)
    soft = total / np.sqrt(float(square.sum(dtype=np.float64)) / scheme.identity_coded_bits + TINY)
    message = code.decode(soft[None])[0]
    if float(soft @ code.encode(message)) / scheme.identity_coded_bits < SCORE_LEAST:
        return None
    bits = message ^ layout.whitening
    identity, check = bits[: scheme.identity_bits], bits[scheme.identity_bits :]
    return code.pack(identity) if np.array_equal(code.crc24(identity), check) else None

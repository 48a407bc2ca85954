"""The second layer of long clips: a 128-bit identity in the same cells, under a pattern and a
message of its own.

Every cell of a period speaks for one bit of the token's layer and for one bit of this one. The
layers' chips are independent, so to each the other is noise, and the embedder solves for both. This
layer has no sync cells: the token's reading says where the period starts. Its message is as long as
the period, so any eight seconds of a clip hold it.

A wrong identity passes its CRC once in 2^24, and it is only asked where a token was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech import error_correction
from watermark.speech.feature_grid import Cells
from watermark.speech.keyed_pattern import derive_bits, derive_order, derive_signs
from watermark.speech.parameters import SPEECH_1, Bits, Matrix, Scheme, Vector

LEAST_SECONDS: Final = 8.0
SCORE_LEAST: Final = 0.70
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLayout:
    """The pattern of one key's identity layer.

    Arrays of cells have shape (slots, bands) and are read-only.
    """

    group: NDArray[np.intp]
    chip: Matrix
    whitening: Bits


@lru_cache(maxsize=16)
def build_identity_layout(key: bytes, scheme: Scheme = SPEECH_1) -> IdentityLayout:
    """The layout of a key: cells in shuffled order belong to the coded bits in turn."""
    order = derive_order(key, "identity permutation", scheme.cells)
    group = np.empty(scheme.cells, dtype=np.intp)
    group[order] = np.arange(scheme.cells) % scheme.identity_coded_bits
    shape = (scheme.slots, scheme.bands)
    found = IdentityLayout(
        group=group.reshape(shape),
        chip=derive_signs(key, "identity chips", scheme.cells).reshape(shape),
        whitening=derive_bits(key, "identity whitening", scheme.identity_message_bits),
    )
    for array in (found.group, found.chip, found.whitening):
        array.setflags(write=False)
    return found


def identity_to_signs(identity: int, layout: IdentityLayout, scheme: Scheme = SPEECH_1) -> Vector:
    """The sign that each coded bit shall speak with.

    Raises ValueError when the identity does not fit into 128 bits.
    """
    if not 0 <= identity < 1 << scheme.identity_bits:
        raise ValueError("an identity has 128 bits")
    bits = error_correction.unpack_bits(identity, scheme.identity_bits)
    return error_correction.encode_message(
        np.concatenate([bits, error_correction.compute_crc24(bits)]) ^ layout.whitening
    )


def read_identity(
    contrast: Cells, square: Cells, key: bytes, *, start: int, scheme: Scheme = SPEECH_1
) -> int | None:
    """The identity in folded cells (slots, bands) of which a token was read at slot `start`, or
    None.
    """
    layout = build_identity_layout(key)
    group = layout.group.ravel()
    said = (layout.chip * np.roll(contrast, -start, axis=0)).ravel()
    total = np.bincount(group, said, minlength=scheme.identity_coded_bits)
    soft = total / np.sqrt(float(square.sum(dtype=np.float64)) / scheme.identity_coded_bits + TINY)
    message = error_correction.decode_messages(soft[None])[0]
    if (
        float(soft @ error_correction.encode_message(message)) / scheme.identity_coded_bits
        < SCORE_LEAST
    ):
        return None
    bits = message ^ layout.whitening
    identity, check = bits[: scheme.identity_bits], bits[scheme.identity_bits :]
    return (
        error_correction.pack_bits(identity)
        if np.array_equal(error_correction.compute_crc24(identity), check)
        else None
    )

"""The identity layer of long clips: 128 bits in the same cells, under a pattern of their own.

Every cell of a period carries one bit of the token's layer and one bit of this one. The chips of
the layers are independent, so each is noise to the other, and the embedder solves for both. This
layer has no sync cells, because the token's reading gives the start of the period. Its message is
as long as the period, so any eight seconds of a clip hold it.

A wrong identity passes its CRC once in 2^24, and it is read only where a token was read.
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
    """Return the layout of a key. Cells in shuffled order belong to the coded bits in turn."""
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
    """Return the sign of each coded bit.

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
    """Return the identity in folded cells (slots, bands), or None.

    A token was read in these cells at slot `start`.
    """
    layout = build_identity_layout(key)
    group = layout.group.ravel()
    signed = (layout.chip * np.roll(contrast, -start, axis=0)).ravel()
    total = np.bincount(group, signed, minlength=scheme.identity_coded_bits)
    noise = float(square.sum(dtype=np.float64)) / scheme.identity_coded_bits
    soft = total / np.sqrt(noise + TINY)

    message = error_correction.decode_messages(soft[None])[0]
    explained = float(soft @ error_correction.encode_message(message))
    if explained / scheme.identity_coded_bits < SCORE_LEAST:
        return None

    bits = message ^ layout.whitening
    identity = bits[: scheme.identity_bits]
    check = bits[scheme.identity_bits :]
    if not np.array_equal(error_correction.compute_crc24(identity), check):
        return None

    return error_correction.pack_bits(identity)

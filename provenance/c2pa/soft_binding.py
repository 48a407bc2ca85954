"""The soft binding of a manifest, with values of the type in C2PA 2.2 (sections 9.3 and 18.10).

The module is pure. The specification wants byte strings in `value` and `pad`. The library's builder
takes JSON, which has none, so it is given two text strings of the same length. `fill_byte_strings`
exchanges them in the finished store. A text string and a byte string of one length take the same
number of bytes in CBOR (RFC 8949, section 3.1), so nothing else moves.

The claim names the hash of the assertion, and the signature covers the claim. Both must follow. The
library is therefore given a stand-in for the signature (`StandIn`), and the real one is made once,
over the claim as it leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from provenance.c2pa import jumbf

LABEL: Final = "c2pa.soft-binding"
VALUE_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64  # Ed25519, RFC 8032

_TEXT_OF_16: Final = b"\x70"  # CBOR: major type 3, length 16
_BYTES_OF_16: Final = b"\x50"  # CBOR: major type 2, length 16
_EMPTY_TEXT: Final = b"\x60"
_EMPTY_BYTES: Final = b"\x40"
_VALUE_KEY: Final = b"\x65value"
_PAD_KEY: Final = b"\x63pad"
_PLACE: Final = "0123456789abcdef"


class NotBuilt(ValueError):
    """The store does not hold what the builder was told to put into it."""


@dataclass(slots=True)
class StandIn:
    """The signer for the library: it stores the message and returns bytes to be replaced.

    `signature` must be 64 bytes that occur nowhere else, so draw them at random.
    """

    signature: bytes = field(repr=False)
    message: bytes | None = field(default=None, repr=False)

    def __call__(self, message: bytes) -> bytes:
        """Store the message (`Sig_structure` of RFC 9052, section 4.4) and return the stand-in."""
        self.message = message
        return self.signature


def build_assertion(algorithm: str) -> dict[str, Any]:
    """Return the assertion for the library's builder, with texts in place of bytes."""
    data = {"alg": algorithm, "blocks": [{"scope": {}, "value": _PLACE}], "pad": ""}
    return {"label": LABEL, "data": data, "created": True}


def fill_byte_strings(
    store: bytes, value: bytes | None, stand_in: StandIn, sign: Callable[[bytes], bytes]
) -> bytes:
    """Return `store` with the bytes of `value` in its soft binding, and signed. Its length stays.

    `value` has 16 bytes, or is None when the manifest has no soft binding.

    Raises NotBuilt for a store that is not as the builder should have left it, and the errors of
    `sign`.
    """
    message = stand_in.message
    if message is None:
        raise NotBuilt("nothing was asked to be signed")

    if value is not None:
        before = jumbf.find_assertion(jumbf.extract_active_manifest(store), LABEL)
        after = _fill_value(before, value)
        old = hashlib.sha256(before).digest()
        new = hashlib.sha256(after).digest()

        # Only the active manifest is changed. A parent may carry a soft binding of the same shape,
        # with another salt.
        store = _replace_once(store, before, after)
        store = _replace_once(store, old, new)
        message = _replace_once(message, old, new)

    return _replace_once(store, stand_in.signature, sign(message))


def _fill_value(content: bytes, value: bytes) -> bytes:
    if len(value) != VALUE_BYTES:
        raise ValueError(f"the value has {VALUE_BYTES} bytes, not {len(value)}")

    text = _VALUE_KEY + _TEXT_OF_16 + _PLACE.encode("ascii")
    content = _replace_once(content, text, _VALUE_KEY + _BYTES_OF_16 + value)
    return _replace_once(content, _PAD_KEY + _EMPTY_TEXT, _PAD_KEY + _EMPTY_BYTES)


def _replace_once(data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1 or len(old) != len(new):
        raise NotBuilt("the store is not as it was built")
    return data.replace(old, new)

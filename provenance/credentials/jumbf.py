"""The boxes of a manifest store (JUMBF, ISO 19566-5; C2PA 2.2, section 11.1): only as much as to take one manifest out.

A box is its length (4 bytes, big-endian, all of it), its type (4 bytes), and its content. A store is a `jumb` box that
holds a description (`jumd`) and one `jumb` for each manifest; the last one is the active manifest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEAD = 8


def active_alone(store: bytes) -> bytes:
    """The same store with its active manifest alone. Raises ValueError for what is no store of ours."""
    boxes = list(_boxes(store[_HEAD:]))
    if store[4:_HEAD] != b"jumb" or len(boxes) < 2:
        raise ValueError("not a manifest store")
    content = boxes[0] + boxes[-1]
    return struct.pack(">I", _HEAD + len(content)) + b"jumb" + content


def _boxes(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < _HEAD or at + size > len(content):
            raise ValueError("not a manifest store")
        yield content[at : at + size]
        at += size

"""The boxes of a manifest store (JUMBF, ISO 19566-5, and C2PA 2.2, section 11.1).

A box is its length (4 bytes, big-endian, all of it), its type (4 bytes), and its content. A store
is a `jumb` box that holds a description (`jumd`) and one `jumb` for each manifest. The last one is
the active manifest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEAD = 8


def extract_active_manifest(store: bytes) -> bytes:
    """Return the same store with its active manifest alone.

    Raises ValueError for what is no store of ours.
    """
    boxes = list(_split_boxes(store[_HEAD:]))
    if store[4:_HEAD] != b"jumb" or len(boxes) < 2:
        raise ValueError("not a manifest store")

    content = boxes[0] + boxes[-1]
    return struct.pack(">I", _HEAD + len(content)) + b"jumb" + content


def find_assertion(store: bytes, label: str) -> bytes:
    """Return the box of the one assertion of this label, without length and type.

    The claim hashes exactly these bytes. `store` holds one manifest (`extract_active_manifest`).

    Raises ValueError when there is no such assertion, or more than one.
    """
    found = [box[_HEAD:] for box in _list_assertions(store) if _read_label(box) == label]
    if len(found) != 1:
        raise ValueError(f"not one assertion {label!r}")

    return found[0]


def _list_assertions(store: bytes) -> Iterator[bytes]:
    """Yield the boxes of the assertion store of the store's last manifest."""
    manifest = list(_split_boxes(store[_HEAD:]))[-1]

    for part in list(_split_boxes(manifest[_HEAD:]))[1:]:
        if _read_label(part) == "c2pa.assertions":
            yield from list(_split_boxes(part[_HEAD:]))[1:]


def _read_label(box: bytes) -> str:
    """Return the label of a superbox.

    Its description has 16 bytes of type, one of toggles, then the label.
    """
    described = next(_split_boxes(box[_HEAD:]))
    if described[4:_HEAD] != b"jumd":
        raise ValueError("not a manifest store")

    return described[_HEAD + 17 :].split(b"\0")[0].decode("utf-8", "replace")


def _split_boxes(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < _HEAD or at + size > len(content):
            raise ValueError("not a manifest store")

        yield content[at : at + size]
        at += size

"""M4A: AAC from a confined child process, and the boxes around it.

libsndfile writes no AAC. PyAV does (extra `containers`), which also reads M4A here. Without PyAV
the codec is refused. Boxes: ISO/IEC 14496-12. Names of metadata: QuickTime File Format, "Metadata"
(`mdta` keys).
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sandbox.template_client import ChildFailed, Limits, Sandbox
from core.errors import Unavailable

_HEAD: Final = 8
_LONG_HEAD: Final = 16
_MAIN: Final = frozenset({b"moov", b"moof", b"mdat"})
_TABLES: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_OFFSETS: Final = b"stco"
# FFmpeg ends its index with an empty list of iTunes' own metadata.
_NOTHING: Final = b"\0\0\0\x08ilst"
_UTF8: Final = 1  # the well-known type of a value


@lru_cache(maxsize=1)
def is_encoder_available() -> bool:
    """Check whether this installation has the encoder."""
    return importlib.util.find_spec("av") is not None


_SANDBOX: Final = Sandbox(
    Path(__file__).with_name("aac_child.py"),
    Limits(most_out=2**25),
    is_installed=is_encoder_available(),
)


class EncoderUnavailable(Unavailable):
    """The encoder process could not be started or did not make a file."""

    code = "encoder_unavailable"


def encode_m4a(pcm: NDArray[np.int16], *, rate: int, bit_rate: int) -> bytes:
    """Return an M4A file of mono samples.

    Raises EncoderUnavailable.
    """
    sound = pcm.astype("<i2").tobytes()
    order = {"rate": rate, "bit_rate": bit_rate, "size": len(sound)}

    try:
        made = _SANDBOX.run(order, sound)
    except ChildFailed as error:
        raise EncoderUnavailable("The AAC encoder could not be started.") from error

    if [name for name, _ in walk_boxes(made)][-1:] != [b"moov"]:
        raise EncoderUnavailable("The AAC encoder made no file.")

    return made


def walk_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and body of the boxes of a file or of a box's body.

    The walk stops at a box with an impossible size.
    """
    at = 0
    while at + _HEAD <= len(data):
        size = struct.unpack_from(">I", data, at)[0]
        if not _HEAD <= size <= len(data) - at:
            return

        yield data[at + 4 : at + _HEAD], data[at + _HEAD : at + size]
        at += size


def check_ends(data: bytes) -> tuple[bool, bool]:
    """Return whether a file has an index, and whether one of its main boxes goes on beyond the end.

    A size of 1 stands for one of 64 bits behind the name, and 0 for all that is left.
    """
    at = 0
    has_index = False
    while at + _HEAD <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + _LONG_HEAD <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + _HEAD)
        has_index = has_index or name == b"moov"
        if size == 0:
            return has_index, False
        if size < _HEAD or at + size > len(data):
            # What no reader knows, such as a tag, may stand behind the last box.
            return has_index, name in _MAIN
        at += size

    return has_index, False


def add_text_box(data: bytes, name: bytes, value: bytes) -> bytes:
    """Return the file with a text in `moov.udta.meta`.

    Raises ValueError unless the file is as `encode_m4a` makes it.
    """
    parts = list(walk_boxes(data))
    index = parts[-1][1] if parts and parts[-1][0] == b"moov" else b""
    if not index.endswith(_NOTHING):
        raise ValueError("no M4A of ours")

    kept = index[: index.rindex(b"udta") - 4]
    handler = _build_box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    keys = _build_box(b"keys", bytes(4) + struct.pack(">I", 1) + _build_box(b"mdta", name))
    typed = _build_box(b"data", struct.pack(">II", _UTF8, 0) + value)
    item = _build_box(struct.pack(">I", 1), typed)
    meta = _build_box(b"meta", bytes(4) + handler + keys + _build_box(b"ilst", item))

    # `moov` is the last box, so nothing that it points to moves.
    longer = _build_box(b"moov", kept + _build_box(b"udta", meta))
    return data[: len(data) - len(index) - _HEAD] + longer


def is_same_sound(signed: bytes, data: bytes) -> bool:
    """Check whether `signed` is `data` with one box more.

    The places in its index must be moved by just that box.
    """
    before = dict(walk_boxes(data))
    after = dict(walk_boxes(signed))

    # One box more, and all others unchanged.
    grown = len(signed) - len(data)
    if set(after) - set(before) != {b"uuid"} or len(after[b"uuid"]) + _HEAD != grown:
        return False
    if any(after[name] != body for name, body in before.items() if name not in {b"moov", b"free"}):
        return False

    # The index is unchanged but for the table of places.
    ours = _read_chunk_offsets(before[b"moov"])
    theirs = _read_chunk_offsets(after[b"moov"])
    if ours is None or theirs is None:
        return False
    if before[b"moov"].replace(ours, b"") != after[b"moov"].replace(theirs, b""):
        return False

    # Every place is moved by the size of the box.
    moved = np.frombuffer(theirs, ">u4").astype(np.int64) - np.frombuffer(ours, ">u4")
    return bool((moved[2:] == grown).all()) and not moved[:2].any()


def _read_chunk_offsets(index: bytes) -> bytes | None:
    """Return the body of the table of places of the only track."""
    body = index
    for name in (*_TABLES[1:], _OFFSETS):
        found = [inner for inner_name, inner in walk_boxes(body) if inner_name == name]
        if len(found) != 1:
            return None
        body = found[0]

    return body


def _build_box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", _HEAD + len(body)) + name + body

"""Reading somebody's log over HTTP, by nothing but C2SP tlog-tiles: checkpoint, tiles, entry
bundles.
"""

from __future__ import annotations

import struct
from typing import Final

from core.errors import Unavailable
from transparency_log.attestation.http_client import AttestorUnavailable, HttpClient
from transparency_log.formats import tile_paths
from transparency_log.formats.merkle import HASH, WIDTH

# A bundle holds 256 entries of at most 64 KiB each, with their lengths.
_LARGEST_BUNDLE: Final = WIDTH * (2 + 65_535)


class LogUnreadable(Unavailable):
    """A watched log serves something that is not what tlog-tiles says, or not at all."""

    code = "watched_log_unreadable"


class RemoteLog:
    """A log below a URL prefix. Nothing that it gives is verified here.

    A context manager through its `wire`.
    """

    def __init__(self, wire: HttpClient) -> None:
        self._wire = wire

    def checkpoint(self) -> str:
        """Give the newest checkpoint. Raises LogUnreadable, wire.OutsiderAway, as all below."""
        return self._text("/checkpoint")

    def keys(self) -> str:
        """Give what a log of Sayso says are its keys; other logs have no such path."""
        return self._text("/key")

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Give the first `width` hashes of a tile; the full tile serves for a partial one that is
        gone.
        """
        data = self._partial(level, n, width, most=WIDTH * HASH)
        if len(data) < width * HASH:
            raise LogUnreadable("The log serves a tile that is too short.")
        return data[: width * HASH]

    def entries(self, n: int, width: int) -> list[bytes]:
        """Give the first `width` entries below a level 0 tile."""
        found = _split_entry_bundle(self._partial("entries", n, width, most=_LARGEST_BUNDLE))
        if len(found) < width:
            raise LogUnreadable("The log serves an entry bundle that is too short.")
        return found[:width]

    def _partial(self, level: int | str, n: int, width: int, *, most: int) -> bytes:
        for asked in dict.fromkeys((width, WIDTH)):
            answer = self._wire.call(
                "GET", f"/{tile_paths.encode_path(level, n, asked)}", most=most
            )
            if answer.status == 200:
                return answer.body
        raise LogUnreadable(f"The log does not serve {tile_paths.encode_path(level, n, width)}.")

    def _text(self, path: str) -> str:
        answer = self._wire.call("GET", path)
        if answer.status >= 500:
            raise AttestorUnavailable("The log does not answer.", facts={"status": answer.status})
        if answer.status != 200:
            raise LogUnreadable(f"The log does not serve {path}.")
        try:
            return answer.body.decode()
        except UnicodeDecodeError as error:
            raise LogUnreadable(f"What the log serves at {path} is no text.") from error


def _split_entry_bundle(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        if len(data) < at + 2:
            raise LogUnreadable("An entry bundle ends within a length.")
        (length,) = struct.unpack_from(">H", data, at)
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise LogUnreadable("An entry bundle ends within an entry.")
    return found

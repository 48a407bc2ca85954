"""Client of a remote log over HTTP by C2SP tlog-tiles: checkpoint, tiles, entry bundles."""

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
    """A watched log serves something that is not tlog-tiles, or nothing at all."""

    code = "watched_log_unreadable"


class RemoteLog:
    """A log below a URL prefix. Nothing that it serves is verified here."""

    def __init__(self, wire: HttpClient) -> None:
        self._wire = wire

    def checkpoint(self) -> str:
        """Return the newest checkpoint.

        Raises LogUnreadable, AttestorUnavailable, as all methods below.
        """
        return self._text("/checkpoint")

    def keys(self) -> str:
        """Return what a log of Sayso publishes as its keys. Other logs have no such path."""
        return self._text("/key")

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile.

        If a partial tile is gone, the full tile serves as well.
        """
        data = self._partial(level, n, width, max_bytes=WIDTH * HASH)
        if len(data) < width * HASH:
            raise LogUnreadable("The log serves a tile that is too short.")

        return data[: width * HASH]

    def entries(self, n: int, width: int) -> list[bytes]:
        """Return the first `width` entries below a tile of level 0."""
        found = _split_entry_bundle(self._partial("entries", n, width, max_bytes=_LARGEST_BUNDLE))
        if len(found) < width:
            raise LogUnreadable("The log serves an entry bundle that is too short.")

        return found[:width]

    def _partial(self, level: int | str, n: int, width: int, *, max_bytes: int) -> bytes:
        for asked in dict.fromkeys((width, WIDTH)):
            answer = self._wire.call(
                "GET", f"/{tile_paths.encode_path(level, n, asked)}", max_bytes=max_bytes
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
    found = []
    at = 0
    while at < len(data):
        if len(data) < at + 2:
            raise LogUnreadable("An entry bundle ends within a length.")

        (length,) = struct.unpack_from(">H", data, at)
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length

    if at != len(data):
        raise LogUnreadable("An entry bundle ends within an entry.")

    return found

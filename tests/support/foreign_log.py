"""A log that is not ours: C2SP files in memory behind a real server, signed with a key of its own;
it can lie.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support import reference_tree
from tests.support.attestor_servers import Asked, Reply


@dataclass(kw_only=True)
class TileLog:
    """Serves a checkpoint and whatever of the tree it is asked for, computed from the
    definitions.
    """

    origin: str = "other.example/log"
    entries: list[bytes] = field(default_factory=list)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    shown: int | None = None  # how many entries the checkpoint covers; None: all
    asked: list[str] = field(default_factory=list)

    def grow(self, count: int, *, word: bytes = b"entry") -> None:
        start = len(self.entries)
        self.entries += [b"%s %d" % (word, number) for number in range(start, start + count)]

    @property
    def size(self) -> int:
        return len(self.entries) if self.shown is None else self.shown

    def leaves(self) -> Sequence[bytes]:
        return [reference_tree.sha(b"\x00", entry) for entry in self.entries[: self.size]]

    def vkey(self) -> str:
        public = b"\x01" + self.key.public_key().public_bytes_raw()
        return f"{self.origin}+{self._key_id().hex()}+{base64.b64encode(public).decode()}"

    def note(self) -> str:
        root = base64.b64encode(reference_tree.mth(self.leaves())).decode()
        text = f"{self.origin}\n{self.size}\n{root}\n"
        signature = base64.b64encode(self._key_id() + self.key.sign(text.encode())).decode()
        return f"{text}\n— {self.origin} {signature}\n"

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        match asked.path.removeprefix("/some/prefix/").split("/"):
            case ["checkpoint"]:
                return Reply(status=200, body=self.note().encode())
            case ["tile", "entries", *number]:
                n, width = _number(number)
                found = self.entries[n * 256 : n * 256 + width]
                return self._if_there(
                    b"".join(struct.pack(">H", len(entry)) + entry for entry in found),
                    len(found),
                    width,
                )
            case ["tile", level, *number]:
                n, width = _number(number)
                data = reference_tree.tile(int(level), n, self.leaves())
                return self._if_there(data[: width * 32], len(data) // 32, width)
        return Reply(status=404)

    def _if_there(self, data: bytes, have: int, width: int) -> Reply:
        return Reply(status=200, body=data) if have >= width else Reply(status=404)

    def _key_id(self) -> bytes:
        return hashlib.sha256(
            self.origin.encode() + b"\n\x01" + self.key.public_key().public_bytes_raw()
        ).digest()[:4]


def _number(parts: list[str]) -> tuple[int, int]:
    text, _, width = "/".join(parts).partition(".p/")
    return int(text.replace("x", "").replace("/", "")), int(width or 256)

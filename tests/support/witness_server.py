"""A witness written from C2SP tlog-witness, sharing no code with ours: honest unless told
otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from scitt_cose import merkle

from tests.support.attestor_servers import Asked, Reply

NOON_SECONDS = 1_795_262_400  # 2026-11-21T12:00:00Z


@dataclass(kw_only=True)
class FakeWitness:
    """Knows logs by origin and key, remembers the last size and root of each, cosigns what is
    consistent.
    """

    name: str = "witness.example/w1"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    trusted: dict[str, list[bytes]] = field(default_factory=dict)  # origin -> vkeys' public bytes
    held: dict[str, tuple[int, str]] = field(default_factory=dict)
    seconds: int = NOON_SECONDS
    asked: list[Asked] = field(default_factory=list)

    def vkey(self) -> str:
        public = b"\x04" + self.key.public_key().public_bytes_raw()
        return f"{self.name}+{self.key_id().hex()}+{base64.b64encode(public).decode()}"

    def key_id(self) -> bytes:
        return hashlib.sha256(
            self.name.encode() + b"\n\x04" + self.key.public_key().public_bytes_raw()
        ).digest()[:4]

    def trust(self, *vkeys: str) -> None:
        for vkey in vkeys:
            name, _, rest = vkey.strip().partition("+")
            self.trusted.setdefault(name, []).append(base64.b64decode(rest.partition("+")[2])[1:])

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        assert (asked.method, asked.path) == ("POST", "/add-checkpoint")
        head, _, note = asked.body.decode().partition("\n\n")
        first, *steps = head.split("\n")
        assert re.fullmatch(r"old (0|[1-9][0-9]*)", first)
        return self._judge(int(first[4:]), [base64.b64decode(step) for step in steps], note)

    def _judge(self, old: int, steps: Sequence[bytes], note: str) -> Reply:
        text, _, signatures = note.partition("\n\n")
        origin, size, root = text.split("\n")
        if origin not in self.trusted:
            return Reply(status=404)
        if not any(
            _signed(line, f"{text}\n", key)
            for line in signatures.splitlines()
            for key in self.trusted[origin]
        ):
            return Reply(status=403)
        if old > int(size):
            return Reply(status=400)
        held_size, held_root = self.held.get(origin, (0, ""))
        if old != held_size or (old == int(size) and root != held_root):
            return Reply(
                status=409, body=b"%d\n" % held_size, headers={"Content-Type": "text/x.tlog.size"}
            )
        if old and old != int(size) and not _consistent(old, int(size), held_root, root, steps):
            return Reply(status=422)
        self.held[origin] = (int(size), root)
        return Reply(status=200, body=self.cosign(f"{text}\n").encode())

    def cosign(self, text: str) -> str:
        message = f"cosignature/v1\ntime {self.seconds}\n{text}".encode()
        blob = self.key_id() + struct.pack(">Q", self.seconds) + self.key.sign(message)
        return f"— {self.name} {base64.b64encode(blob).decode()}\n"


def _signed(line: str, text: str, public: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(line.split(" ")[2])[4:], text.encode()
        )
    except InvalidSignature:
        return False
    return True


def _consistent(old: int, new: int, old_root: str, new_root: str, steps: Sequence[bytes]) -> bool:
    """By another project's verifier."""
    roots = [base64.b64decode(root).hex() for root in (old_root, new_root)]
    return bool(merkle.verify_consistency(*roots, old, new, [step.hex() for step in steps]))

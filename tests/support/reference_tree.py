"""A second implementation of the tree and its files, straight from RFC 6962's recursive
definitions; shares no code.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of section 2.1 over leaf hashes."""
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = _cut(len(leaves))
    return sha(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(leaves) <= 1:
        return []
    k = _cut(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF of section 2.1.2."""
    return _subproof(m, leaves, whole=True)


def tile(level: int, n: int, leaves: Sequence[bytes]) -> bytes:
    """A tile by the formula of tlog-tiles: MTH(D[(n*256+i)*256^l : (n*256+i+1)*256^l])."""
    step = 256**level
    starts = range(n * 256 * step, min((n + 1) * 256 * step, len(leaves) // step * step), step)
    return b"".join(mth(leaves[start : start + step]) for start in starts)


def root_of_path(index: int, size: int, leaf: bytes, steps: Sequence[bytes]) -> bytes:
    """Fold an audit path recursively, from the definition of PATH; raises when the length is
    wrong.
    """
    if size == 1:
        if steps:
            raise ValueError("too long")
        return leaf
    if not steps:
        raise ValueError("too short")
    k = _cut(size)
    if index < k:
        return sha(b"\x01", root_of_path(index, k, leaf, steps[:-1]), steps[-1])
    return sha(b"\x01", steps[-1], root_of_path(index - k, size - k, leaf, steps[:-1]))


def check_proof_file(text: str, entry: bytes, vkey: str) -> None:
    """Check a tlog-proof as an outsider, with the entry's bytes and the log's key.

    Raises when anything is off.
    """
    head, note = text.split("\n\n", 1)
    magic, index_line, *hashes = head.split("\n")
    assert magic == "c2sp.org/tlog-proof@v1"
    root, size = check_note(note, vkey)
    index = int(index_line.removeprefix("index "))
    steps = [base64.b64decode(line) for line in hashes]
    assert root_of_path(index, size, sha(b"\x00", entry), steps) == root


def check_note(note: str, vkey: str) -> tuple[bytes, int]:
    """Verify a checkpoint with one key; give root and size."""
    body, signatures = note.split("\n\n")
    name, key_id, key = vkey.strip().split("+", 2)
    public = base64.b64decode(key)
    assert public[0] == 1
    assert key_id == sha(name.encode(), b"\n", public)[:4].hex()
    lines = [
        row.removeprefix(f"— {name} ")
        for row in signatures.splitlines()
        if row.startswith(f"— {name} ")
    ]
    blob = next(blob for blob in map(base64.b64decode, lines) if blob[:4].hex() == key_id)
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(blob[4:], f"{body}\n".encode())
    origin, size, root = body.split("\n")
    assert origin == name
    return base64.b64decode(root), int(size)


def refuses(check: Callable[[], object]) -> bool:
    """Say whether a check raises."""
    try:
        check()
    except Exception:  # noqa: BLE001 - any refusal is one
        return True
    return False


def _cut(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def _subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = _cut(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]

"""The Merkle tree (RFC 6962, 2.1) and C2SP signed-note, tlog-checkpoint and tlog-proof."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from provenance.verifier.check_report import Refusal
from provenance.verifier.ed25519 import is_ed25519_valid
from provenance.verifier.parsing import decode_base64


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows by many leaves at once and keeps only its right edge."""

    def __init__(self) -> None:
        self.size = 0
        # The complete subtrees, by height: one for each 1 in the binary digits of the size.
        self._edge: dict[int, bytes] = {}

    def extend(self, leaves: list[bytes]) -> None:
        """Add leaf hashes, height by height. What is left over of a height stays at the edge."""
        sha256 = hashlib.sha256
        height = 0
        digits = self.size
        self.size += len(leaves)

        row = leaves
        while row:
            if digits & 1:
                row = [self._edge.pop(height), *row]
            if len(row) & 1:
                self._edge[height] = row[-1]

            row = [
                sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2])
            ]
            height, digits = height + 1, digits >> 1

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        result = b""
        for height in sorted(self._edge):
            left = self._edge[height]
            result = hash_node(left, result) if result else left

        return result or hashlib.sha256(b"").digest()


def compute_proven_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Refusal(f"entry {index} is not in a tree of {size}")

    here, last, result = index, size - 1, leaf

    for step in path:
        if not last:
            raise Refusal(f"the proof of entry {index} is too long")
        if here & 1 or here == last:
            result = hash_node(step, result)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            result = hash_node(result, step)
        here, last = here >> 1, last >> 1

    if last:
        raise Refusal(f"the proof of entry {index} is too short")

    return result


# Origin, size, root.
Head = tuple[str, int, bytes]


def read_checkpoint(data: bytes, keys: dict[str, bytes]) -> Head:
    """Return the head of a checkpoint that any of the log's keys signed.

    Lines of unknown keys are ignored. A false line of a known key is refused.
    """
    return read_signed_checkpoint(data, keys)[0]


def read_signed_checkpoint(data: bytes, keys: dict[str, bytes]) -> tuple[Head, set[str]]:
    """Return the head of a checkpoint, and the ids of the keys that signed it.

    Verifies as `read_checkpoint` does.
    """
    text, _, tail = data.decode("utf-8").rpartition("\n\n")

    lines = text.split("\n")
    if (
        len(lines) < 3
        or not tail.endswith("\n")
        or not re.match(r"(0|[1-9][0-9]{0,18})\Z", lines[1])
    ):
        raise Refusal("not a signed checkpoint")

    signers = _find_signers(text, tail[:-1].split("\n"), keys)
    root = decode_base64(lines[2])
    if len(root) != 32:
        raise Refusal("the root of the checkpoint has not 32 bytes")

    return (lines[0], int(lines[1]), root), signers


def _find_signers(text: str, signatures: list[str], keys: dict[str, bytes]) -> set[str]:
    """Return the ids of those keys that signed the text of a checkpoint."""
    origin = text.partition("\n")[0]
    signers: set[str] = set()
    ids = {
        kid: hashlib.sha256(origin.encode("utf-8") + b"\n\x01" + key).digest()[:4]
        for kid, key in keys.items()
    }

    for row in signatures:
        found = re.match("\u2014 (\\S+) (\\S+)\\Z", row)
        if not found:
            raise Refusal("a line of the checkpoint is not a signature")

        blob = decode_base64(found.group(2))
        named = [kid for kid in ids if found.group(1) == origin and blob[:4] == ids[kid]]
        good = [
            kid
            for kid in named
            if is_ed25519_valid(keys[kid], (text + "\n").encode("utf-8"), blob[4:])
        ]

        if named and not good:
            raise Refusal("the signature on the checkpoint is false")
        signers.update(good)

    if not signers:
        raise Refusal("no known key signed the checkpoint")

    return signers


def check_hash_length(data: bytes) -> bytes:
    """Return `data` if it has the length of a hash, 32 bytes."""
    if len(data) != 32:
        raise Refusal("a hash has not 32 bytes")
    return data


class TreeProof(NamedTuple):
    """A tlog-proof: the entry at `place` is in the tree of this signed checkpoint."""

    place: int
    path: list[bytes]
    checkpoint: bytes


def read_proof(data: bytes) -> TreeProof:
    """Return what a C2SP tlog-proof file says. Nothing in it is verified yet."""
    head, found, checkpoint = data.decode("utf-8").partition("\n\n")
    lines = head.split("\n")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]

    if not found or lines[0] != "c2sp.org/tlog-proof@v1" or not rest:
        raise Refusal("not a tlog-proof")
    if not re.match(r"index (0|[1-9][0-9]{0,18})\Z", rest[0]):
        raise Refusal("the proof names no entry")

    return TreeProof(
        int(rest[0][6:]),
        [check_hash_length(decode_base64(line)) for line in rest[1:]],
        checkpoint.encode("utf-8"),
    )

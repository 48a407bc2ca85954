"""Checks of the checkpoint, and of the log that leads to it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from itertools import islice
from typing import IO

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.merkle_proofs import (
    Head,
    Tree,
    check_hash_length,
    compute_proven_root,
    hash_leaf,
    read_signed_checkpoint,
)
from provenance.verifier.parsing import (
    SAFE_INTEGER,
    check_whole_number,
    decode_base64,
    read_json,
)

# So many leaf hashes are added to the tree at once.
BATCH = 1024


def check_checkpoint(bundle: Bundle) -> str:
    """Check that a log key signed the checkpoint.

    It must be of this organisation's log, and the one that the manifest names.
    """
    bundle.head, bundle.signers = read_signed_checkpoint(
        bundle.read("checkpoint"), bundle.keys.get("log", {})
    )
    bundle.used |= bundle.signers

    origin, size, root = bundle.head
    said = bundle.manifest["checkpoint"]
    encoded = base64.b64encode(root).decode("ascii")
    if (said["origin"], said["size"], said["root"]) != (origin, size, encoded):
        raise Refusal("the manifest names another checkpoint")
    if "/log/{}".format(bundle.manifest["organisation"]) not in origin:
        raise Refusal(f"the checkpoint is of another log, {origin}")

    return f"{origin} at {size} entries"


def get_head(bundle: Bundle) -> Head:
    """Return the checkpoint's head, if it passed."""
    if bundle.head is None:
        raise Skipped("there is no checkpoint to compare with")

    return bundle.head


def check_log(bundle: Bundle, marks: set[int]) -> str:
    """Check that the entries and the hashes of those left out give the root of the checkpoint.

    Notes the roots at the sizes `marks` in `bundle.roots`.
    """
    _, size, root = get_head(bundle)
    bundle.need("entries.jsonl")
    if bundle.has("proofs.jsonl"):
        return _check_proofs(bundle, size, root)

    tree = Tree()
    first = check_whole_number(bundle.manifest["first_index"])
    with _open_leaf_hashes(bundle) as others:
        leaves = _read_leaf_hashes(bundle, first, others)
        for mark in [*sorted(marks), SAFE_INTEGER]:
            while batch := list(islice(leaves, min(BATCH, mark - tree.size))):
                tree.extend(batch)
            bundle.roots[tree.size] = tree.root()

    if tree.size != size:
        raise Refusal(f"there are {tree.size} leaves where the checkpoint counts {size}")
    if tree.root() != root:
        raise Refusal(
            "entries changed, removed or added: the root is {}, the checkpoint's is {}".format(
                base64.b64encode(tree.root()).decode("ascii"),
                base64.b64encode(root).decode("ascii"),
            )
        )

    whole = check_whole_number(bundle.counts["entries"])
    if whole < size and bundle.manifest["from_ms"] is None and bundle.manifest["to_ms"] is None:
        raise Refusal(f"{size - whole} entries are hidden, although the bundle is of the whole log")

    return f"{whole} entries in full and {size - whole} as hashes give the root of the checkpoint"


def _open_leaf_hashes(bundle: Bundle) -> IO[bytes]:
    return bundle.open_buffered("leaves.bin") if bundle.has("leaves.bin") else io.BytesIO()


def _read_leaf_hashes(bundle: Bundle, first: int, others: IO[bytes]) -> Iterator[bytes]:
    """Yield all leaf hashes: those before the range, the range's own entries, the rest."""
    for _ in range(first):
        yield check_hash_length(others.read(32))

    for _, entry in bundle.entries():
        yield hash_leaf(entry)

    for leaf in iter(lambda: others.read(32), b""):
        yield check_hash_length(leaf)


def _check_proofs(bundle: Bundle, size: int, root: bytes) -> str:
    count = 0
    before = -1

    for (index, entry), line in zip(bundle.entries(), bundle.lines("proofs.jsonl")):
        if index <= before:
            raise Refusal("the entries are not in order")

        path = [check_hash_length(decode_base64(step)) for step in read_json(line)["path"]]
        if compute_proven_root(hash_leaf(entry), index, size, path) != root:
            raise Refusal(f"entry {index} is not in the log as it stands here")
        count += 1
        before = index

    return f"{count} entries, each with its proof in the checkpoint"


def check_previous(bundle: Bundle, previous: Head | None) -> str:
    """Check that the log continues the one of an earlier checkpoint."""
    origin, size, _ = get_head(bundle)
    if previous is None:
        raise Skipped("no earlier checkpoint was given with --previous")

    if previous[0] != origin:
        raise Refusal(f"the earlier checkpoint is of another log, {previous[0]}")
    if previous[1] > size:
        raise Refusal(f"the log was rolled back: it had {previous[1]} entries, now {size}")

    if previous[1] not in bundle.roots:
        raise Skipped("this bundle does not hold all leaves of the log, or its log was refused")

    if bundle.roots[previous[1]] != previous[2]:
        raise Refusal(f"the log forked: at {previous[1]} entries its root was another one")

    return f"it continues the checkpoint at {previous[1]} entries"

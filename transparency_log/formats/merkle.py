"""The tree of RFC 6962 over tiles of 256 hashes (C2SP tlog-tiles): growth, roots and proofs.

The tree hash of the entries [lo, hi) is read from tiles in three steps:

1. `proof_spans` returns the ranges that a proof needs.
2. `list_span_tiles` returns the tiles that hold them. A caller with tiles in a database fetches all
   of them at once.
3. `hash_span` computes the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from core.errors import Refused

HASH: Final = 32
WIDTH: Final = 256
FULL: Final = HASH * WIDTH
_TILE_HEIGHT: Final = 8
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class ProofRefused(Refused):
    """A proof that does not prove what it claims."""

    code = "proof_refused"


class TileAt(NamedTuple):
    """The place of a tile: its level, and its number within the level."""

    level: int
    n: int


class Span(NamedTuple):
    """The entries [lo, hi) that one hash covers.

    `lo` is a multiple of the next power of two of the length.
    """

    lo: int
    hi: int


class _Node(NamedTuple):
    """A complete subtree: number `number` of those with 2**height leaves."""

    height: int
    number: int


Tiles = Mapping[TileAt, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A tree after an append: its size, its root, and every tile that is new or longer."""

    size: int
    root: bytes
    tiles: Tiles


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of one entry (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_leaves(entries: Iterable[bytes]) -> list[bytes]:
    """Return `hash_leaf` of each entry. A call for each would take a tenth of the time."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- growing --------------------------------------------------------------------------------------
def list_edge_tiles(size: int) -> tuple[TileAt, ...]:
    """Return the partial tiles of a tree, at most one on each level.

    An append and the root need no other tiles.
    """
    found = []
    level = 0
    hashes = size
    while hashes:
        if hashes % WIDTH:
            found.append(TileAt(level, hashes // WIDTH))
        level, hashes = level + 1, hashes // WIDTH

    return tuple(found)


def append(size: int, leaves: Sequence[bytes], partial: Tiles) -> Growth:
    """Add leaf hashes to a tree of `size` entries whose edge tiles are `partial`.

    Raises KeyError for a missing edge tile, ValueError for one of another width than `size` says.
    """
    changed: dict[TileAt, bytes] = {}
    level = 0
    have = size
    new = list(leaves)

    while new:
        new = _append_level(level, have, new, partial, changed)
        level, have = level + 1, have // WIDTH

    grown = size + len(leaves)
    root = compute_root(grown, {**partial, **changed})

    return Growth(size=grown, root=root, tiles=changed)


def _append_level(
    level: int, have: int, new: Sequence[bytes], partial: Tiles, changed: dict[TileAt, bytes]
) -> list[bytes]:
    """Put `new` hashes after the `have` ones of this level. Return the hashes of the full tiles."""
    n, width = divmod(have, WIDTH)
    data = partial[TileAt(level, n)] if width else b""
    if len(data) != width * HASH:
        raise ValueError(f"tile {level}/{n} holds {len(data)} bytes where {width * HASH} belong")

    data += b"".join(new)
    full = []
    for start in range(0, len(data), FULL):
        tile = data[start : start + FULL]
        changed[TileAt(level, n + start // FULL)] = tile
        if len(tile) == FULL:
            full.append(_fold_hashes(tile))

    return full


def _fold_hashes(hashes: bytes) -> bytes:
    """Return the one hash above a power of two of hashes."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH:
        hashes = b"".join(
            [
                sha256(b"\x01" + hashes[at : at + 2 * HASH]).digest()
                for at in range(0, len(hashes), 2 * HASH)
            ]
        )

    return hashes


# --- reading hashes from tiles --------------------------------------------------------------------
def compute_root(size: int, tiles: Tiles) -> bytes:
    """Return the root of the tree of this size.

    Raises KeyError for a missing tile.
    """
    return hash_span(Span(0, size), tiles) if size else EMPTY_ROOT


def hash_span(span: Span, tiles: Tiles) -> bytes:
    """Return the tree hash of a span.

    Raises KeyError for a missing tile, ValueError for one that is too short.
    """
    nodes = _split_span(span)
    result = _hash_subtree(nodes[-1], tiles)
    for node in reversed(nodes[:-1]):
        result = hash_node(_hash_subtree(node, tiles), result)

    return result


def list_span_tiles(spans: Iterable[Span]) -> frozenset[TileAt]:
    """Return the tiles that these spans are computed from."""
    return frozenset(_locate_node(node)[0] for span in spans for node in _split_span(span))


def _split_span(span: Span) -> list[_Node]:
    """Split a span into complete subtrees, largest first: one for each 1 in the length's bits."""
    nodes = []
    lo = span.lo
    left = span.hi - span.lo
    while left:
        height = left.bit_length() - 1
        nodes.append(_Node(height, lo >> height))
        lo, left = lo + (1 << height), left - (1 << height)

    return nodes


def _locate_node(node: _Node) -> tuple[TileAt, int, int]:
    """Return the tile of a subtree, and which of its hashes [from, to) fold into the subtree."""
    level, rest = divmod(node.height, _TILE_HEIGHT)
    n, first = divmod(node.number << rest, WIDTH)
    return TileAt(level, n), first, first + (1 << rest)


def _hash_subtree(node: _Node, tiles: Tiles) -> bytes:
    place, first, end = _locate_node(node)
    hashes = tiles[place][first * HASH : end * HASH]
    if len(hashes) != (end - first) * HASH:
        raise ValueError(f"tile {place.level}/{place.n} is too short")

    return _fold_hashes(hashes)


# --- proofs ---------------------------------------------------------------------------------------
def verify_inclusion(
    *, index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash stands at `index` in the tree (RFC 9162, 2.1.3.2).

    Raises ProofRefused.
    """
    if not 0 <= index < size:
        raise ProofRefused("The entry lies outside the tree.")

    fn, sn, result = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            raise ProofRefused("The proof is too long.")
        if fn & 1 or fn == sn:
            result = hash_node(sibling, result)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = hash_node(result, sibling)
        fn, sn = fn >> 1, sn >> 1

    if sn or not hmac.compare_digest(result, root):
        raise ProofRefused("The proof does not lead to this root.")


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the new tree begins with the old one (RFC 9162, 2.1.4.2).

    Raises ProofRefused.
    """
    if not 0 < old <= new:
        raise ProofRefused("There is no proof between these sizes.")
    if old == new:
        if path or not hmac.compare_digest(old_root, new_root):
            raise ProofRefused("Two trees of one size differ.")
        return

    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        raise ProofRefused("The proof is empty.")

    old_result, new_result, rest = _walk_consistency(old - 1, new - 1, steps)
    if rest or not (
        hmac.compare_digest(old_result, old_root) and hmac.compare_digest(new_result, new_root)
    ):
        raise ProofRefused("The proof does not lead from the old root to the new one.")


def _walk_consistency(fn: int, sn: int, steps: Sequence[bytes]) -> tuple[bytes, bytes, int]:
    """Fold a consistency proof to the old root and the new root.

    The third value is the height that no step explained.
    """
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1

    old_result = new_result = steps[0]
    for step in steps[1:]:
        if sn == 0:
            raise ProofRefused("The proof is too long.")
        if fn & 1 or fn == sn:
            old_result = hash_node(step, old_result)
            new_result = hash_node(step, new_result)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new_result = hash_node(new_result, step)
        fn, sn = fn >> 1, sn >> 1

    return old_result, new_result, sn

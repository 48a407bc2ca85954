"""Trees in memory for the tests of pure code: leaves, all tiles, proofs from tiles."""

from __future__ import annotations

from collections.abc import Sequence

from transparency_log.formats import merkle, proof_spans
from transparency_log.formats.merkle import TileAt

# RFC 6962's commonly published test inputs (Certificate Transparency's reference implementation).
RFC_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
RFC_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def leaves(count: int) -> list[bytes]:
    return [merkle.hash_leaf(b"entry %d" % number) for number in range(count)]


def grown(hashes: Sequence[bytes], *, batch: int) -> tuple[bytes, dict[TileAt, bytes]]:
    """Append in batches, as the sequencer does; give the last root and all tiles."""
    tiles: dict[TileAt, bytes] = {}
    root, size = merkle.EMPTY_ROOT, 0
    for start in range(0, len(hashes), batch):
        partial = {place: tiles[place] for place in merkle.list_edge_tiles(size)}
        growth = merkle.append(size, hashes[start : start + batch], partial)
        tiles.update(growth.tiles)
        size, root = growth.size, growth.root
    return root, tiles


def inclusion(tiles: dict[TileAt, bytes], index: int, size: int) -> list[bytes]:
    return [merkle.hash_span(span, tiles) for span in proof_spans.list_inclusion_spans(index, size)]


def consistency(tiles: dict[TileAt, bytes], old: int, new: int) -> list[bytes]:
    return [merkle.hash_span(span, tiles) for span in proof_spans.list_consistency_spans(old, new)]

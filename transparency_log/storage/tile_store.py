"""Tiles in the database: read those that a computation names, write those that grew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Length

from core import transactions
from transparency_log.formats.merkle import (
    HASH,
    WIDTH,
    Span,
    TileAt,
    Tiles,
    compute_root,
    hash_span,
    list_edge_tiles,
    list_span_tiles,
)
from transparency_log.models import Tile


class TileLost(RuntimeError):
    """A tile is missing or short. The database was tampered with, or breaks its promise."""


def fetch_tiles(organisation_id: str, places: Iterable[TileAt]) -> Tiles:
    """Return these tiles, read in one query.

    Raises TileLost if one is missing.
    """
    wanted = frozenset(places)
    found = find_tiles(organisation_id, wanted)
    if len(found) != len(wanted):
        raise TileLost(f"a tile of {organisation_id} is missing")

    return found


def find_tiles(organisation_id: str, places: Iterable[TileAt]) -> Tiles:
    """Return those of these tiles that exist, read in one query."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for place in sorted(places):
        numbers[place.level].append(place.n)

    if not numbers:
        return {}

    wanted = Q(*(Q(level=level, n__in=ns) for level, ns in numbers.items()), _connector=Q.OR)
    rows = Tile.objects.filter(wanted, organisation_id=organisation_id).values_list(
        "level", "n", "data"
    )

    return {TileAt(level, n): bytes(data) for level, n, data in rows}


def fetch_edge(organisation_id: str, size: int) -> Tiles:
    """Return the partial tiles of the tree of `size`, cut to their width at that size."""
    widths = {place: (size >> 8 * place.level) % WIDTH for place in list_edge_tiles(size)}

    return {
        place: data[: widths[place] * HASH]
        for place, data in fetch_tiles(organisation_id, widths).items()
    }


def compute_span_hashes(organisation_id: str, spans: tuple[Span, ...]) -> tuple[bytes, ...]:
    """Return the hashes of these spans.

    Raises TileLost.
    """
    tiles = fetch_tiles(organisation_id, list_span_tiles(spans))

    try:
        return tuple(hash_span(span, tiles) for span in spans)
    except ValueError as error:
        raise TileLost(f"a tile of {organisation_id} is too short") from error


def compute_root_at(organisation_id: str, size: int) -> bytes:
    """Return the root that the tree had at this size.

    Raises TileLost.
    """
    if not size:
        return compute_root(0, {})

    return compute_span_hashes(organisation_id, (Span(0, size),))[0]


@transactions.requires_transaction
def grow_tiles(organisation_id: str, *, tiles: Tiles, partial: Tiles) -> None:
    """Write the tiles of an append: those in `partial` grow in place, the others are new.

    Raises TileLost.
    """
    # Not an upsert: on SQLite the trigger against INSERT OR REPLACE fires before ON CONFLICT is
    # evaluated.
    for place in sorted(tiles.keys() & partial.keys()):
        rows = Tile.objects.alias(length=Length("data")).filter(
            organisation_id=organisation_id,
            level=place.level,
            n=place.n,
            length=len(partial[place]),
        )

        if rows.update(data=tiles[place]) != 1:
            raise TileLost(
                f"tile {place.level}/{place.n} of {organisation_id} changed under the lock"
            )

    Tile.objects.bulk_create(
        Tile(organisation_id=organisation_id, level=place.level, n=place.n, data=tiles[place])
        for place in sorted(tiles.keys() - partial.keys())
    )

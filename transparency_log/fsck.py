"""Recomputing a log from its entries: leaves, tiles, root, every checkpoint's prefix and signature,
the anchor.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from transparency_log import anchors, checkpoints
from transparency_log.anchors import Anchor, AnchorUnreadable
from transparency_log.formats import merkle, signed_note
from transparency_log.formats.merkle import TileAt
from transparency_log.models import Checkpoint, Entry, Head, Tile
from transparency_log.storage import tile_store

CHUNK: Final = 2048
TILES_AT_ONCE: Final = 64
# The id stands behind a commitment of fixed length and at most two short members.
_ID_WITHIN: Final = 140

Progress = Callable[[int, int], None]
Row = tuple[int, str, str, bool, int, bytes | str]


@dataclass(slots=True, kw_only=True)
class Check:
    """One line of the answer: what was looked at, how much of it, and the first fault of how
    many.
    """

    name: str
    seen: int = 0
    faults: int = 0
    first: str = ""

    @property
    def good(self) -> bool:
        """Whether there was no fault."""
        return not self.faults

    def blame(self, what: str) -> None:
        """Count a fault."""
        self.first = self.first or what
        self.faults += 1


@dataclass(slots=True, kw_only=True)
class LogReport:
    """What became of one log."""

    organisation_id: str
    entries: Check = field(default_factory=lambda: Check(name="entries"))
    tiles: Check = field(default_factory=lambda: Check(name="tiles"))
    head: Check = field(default_factory=lambda: Check(name="head"))
    checkpoints: Check = field(default_factory=lambda: Check(name="checkpoints"))
    anchor: Check = field(default_factory=lambda: Check(name="anchor"))

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them, in the order in which a reader wants them."""
        return (self.entries, self.tiles, self.head, self.checkpoints, self.anchor)

    @property
    def good(self) -> bool:
        """Whether every check was."""
        return all(check.good for check in self.checks)


def list_log_organisations() -> tuple[str, ...]:
    """Every organisation that has anything of a log."""
    tables = (Head, Entry, Checkpoint, Tile)
    found = {
        name
        for table in tables
        for name in table.objects.values_list("organisation_id", flat=True).distinct()
    }
    return tuple(sorted(found))


def verify_log(organisation_id: str, *, progress: Progress | None = None) -> LogReport:
    """Recompute everything at constant memory; faults are in the report, not raised."""
    return _LogChecker(organisation_id, progress).run()


class _LogChecker:
    """One walk along the entries; the tree grows beside it and is compared wherever something
    claims a root.
    """

    def __init__(self, organisation_id: str, progress: Progress | None) -> None:
        self.organisation_id = organisation_id
        self.report = LogReport(organisation_id=organisation_id)
        self.head = Head.objects.filter(organisation_id=organisation_id).first()
        self.keys = checkpoints.list_verifier_keys(organisation_id)
        self.progress = progress
        self.size, self.root = 0, merkle.EMPTY_ROOT
        self.leaves: list[bytes] = []
        self.edge: dict[TileAt, bytes] = {}
        self.full: dict[TileAt, bytes] = {}

    def run(self) -> LogReport:
        """Walk once; a shortened log ends before some claims, which are judged at its end, where
        they fail.
        """
        claims = self._claims()
        claim = next(claims, None)
        for row in self._rows():
            self._take(row)
            place = self.size + len(self.leaves)
            if len(self.leaves) == CHUNK or (claim and claim.size <= place):
                self._grow()
            while claim and claim.size <= place:
                self._judge(claim)
                claim = next(claims, None)
        self._grow()
        while claim:
            self._judge(claim)
            claim = next(claims, None)
        self._compare_tiles({**self.full, **self.edge})
        self._count_tiles()
        self._compare_head()
        return self.report

    def _rows(self) -> Iterator[Row]:
        columns = ("idx", "event_id", "kind", "livemode", "at_ms", "payload")
        rows = Entry.objects.filter(organisation_id=self.organisation_id).order_by("idx")
        yield from rows.values_list(*columns).iterator(chunk_size=CHUNK)

    def _claims(self) -> Iterator[Checkpoint | Anchor]:
        published = Checkpoint.objects.filter(organisation_id=self.organisation_id).order_by("size")
        rows: Iterator[Checkpoint | Anchor] = published.iterator(chunk_size=CHUNK)
        yield from heapq.merge(rows, self._anchors(), key=lambda claim: claim.size)
        if self.report.checkpoints.seen and not self.report.anchor.seen:
            self.report.anchor.blame("there are checkpoints, but no anchor")

    def _anchors(self) -> Iterator[Anchor]:
        try:
            anchor = anchors.get_anchors().peek(self.organisation_id)
        except AnchorUnreadable as error:
            self.report.anchor.blame(error.detail)
            return
        if anchor is not None:
            yield anchor

    # --- entries and tiles ------------------------------------------------------------------------
    def _take(self, row: Row) -> None:
        idx, stored = row[0], row[-1]
        check, place = self.report.entries, self.size + len(self.leaves)
        check.seen += 1
        if isinstance(stored, str):  # SQLite lets bytes become text, under a careless hand
            check.blame(f"entry {idx} is stored as text and cannot be served")
            stored = stored.encode()
        payload = bytes(stored)
        if idx != place:
            check.blame(f"entry {idx} stands at place {place}")
        if not self._says_so(row, payload):
            check.blame(f"entry {idx}: its columns are not what its bytes say")
        self.leaves.append(merkle.hash_leaf(payload))

    def _says_so(self, row: Row, payload: bytes) -> bool:
        """Compare columns and bytes without parsing a million times: JCS sorts the members, so each
        has its place.
        """
        _, event_id, kind, livemode, at_ms, _ = row
        end = f',"t":"{kind}","ts":{at_ms},"v":'
        return (
            f',"id":"{event_id}","kid":"'.encode() in payload[:_ID_WITHIN]
            and payload.endswith((f"}}{end}2}}".encode(), f"]{end}1}}".encode()))
            and f',"org":"{self.organisation_id}",'.encode() in payload
            and (b',"live":false,' not in payload) == livemode
        )

    def _grow(self) -> None:
        if not self.leaves:
            return
        growth = merkle.append(self.size, self.leaves, self.edge)
        known = {**self.edge, **growth.tiles}
        self.size, self.root, self.leaves = growth.size, growth.root, []
        self.edge = {place: known[place] for place in merkle.list_edge_tiles(self.size)}
        self.full.update(
            {place: data for place, data in growth.tiles.items() if len(data) == merkle.FULL}
        )
        if len(self.full) >= TILES_AT_ONCE:
            self._compare_tiles(self.full)
            self.full = {}
        if self.progress:
            self.progress(self.size, self.head.size if self.head else self.size)

    def _compare_tiles(self, tiles: Mapping[TileAt, bytes]) -> None:
        found = tile_store.find_tiles(self.organisation_id, tiles)
        for place in sorted(tiles):
            self.report.tiles.seen += 1
            if found.get(place) != tiles[place]:
                self.report.tiles.blame(
                    f"tile {place.level}/{place.n} is not what the entries hash to"
                )

    def _count_tiles(self) -> None:
        rows = Tile.objects.filter(organisation_id=self.organisation_id).count()
        if rows != self.report.tiles.seen:
            self.report.tiles.blame(f"there are {rows} tiles where {self.report.tiles.seen} belong")

    # --- claims about the tree --------------------------------------------------------------------
    def _compare_head(self) -> None:
        self.report.head.seen = 1
        if self.head is None:
            self.report.head.blame("there is no head")
        elif (self.head.size, bytes(self.head.root)) != (self.size, self.root):
            self.report.head.blame(
                f"the head says {self.head.size} entries, or another root; there are {self.size}"
            )

    def _judge(self, claim: Checkpoint | Anchor) -> None:
        """Compare a signed size and root with the tree as it was at that size: every checkpoint is
        a prefix.
        """
        check = self.report.anchor if isinstance(claim, Anchor) else self.report.checkpoints
        check.seen += 1
        if claim.size != self.size or bytes(claim.root) != self.root:
            check.blame(
                f"the tree of {claim.size} entries that was signed is not a prefix of this log of "
                f"{self.size}"
            )
        try:
            signed = signed_note.read_checkpoint(claim.note, self.keys)
        except signed_note.NoteRefused as error:
            check.blame(f"checkpoint {claim.size}: {error.detail}")
            return
        names = self.head.names if self.head else ()
        if (signed.size, signed.root) != (
            claim.size,
            bytes(claim.root),
        ) or signed.origin not in names:
            check.blame(f"checkpoint {claim.size} says something else than what was signed")

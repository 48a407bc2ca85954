"""Recompute a log from its entries and compare it with everything that claims to describe it.

`verify_log` checks entries, checkpoints, tiles and the head, and repairs nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from django.db import connection

from core.hooks import Registry
from core.read_snapshot import begin_consistent_read
from transparency_log import anchors, checkpoints
from transparency_log.anchors import Anchor, AnchorUnreadable
from transparency_log.entry_columns import COLUMNS, Row, check_columns
from transparency_log.formats import merkle, signed_note
from transparency_log.formats.merkle import TileAt
from transparency_log.models import Checkpoint, Entry, Head, Tile
from transparency_log.storage import tile_store

CHUNK: Final = 2048
TILES_AT_ONCE: Final = 64

Progress = Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class Check:
    """The result of one check: how much was seen, how many faults, and the first of them."""

    name: str
    seen: int = 0
    faults: int = 0
    first: str = ""

    @property
    def good(self) -> bool:
        """Return True if there was no fault."""
        return not self.faults

    def add_fault(self, description: str) -> None:
        """Count a fault and keep the description of the first."""
        self.first = self.first or description
        self.faults += 1


evidence_checks: Final = Registry[Callable[[], Check]]("transparency_log.fsck.evidence_checks")
"""What rooms above keep beside the logs as evidence, and how each checks it."""


@dataclass(slots=True, kw_only=True)
class LogReport:
    """The results of all checks of one log."""

    organisation_id: str
    entries: Check = field(default_factory=lambda: Check(name="entries"))
    tiles: Check = field(default_factory=lambda: Check(name="tiles"))
    head: Check = field(default_factory=lambda: Check(name="head"))
    checkpoints: Check = field(default_factory=lambda: Check(name="checkpoints"))
    anchor: Check = field(default_factory=lambda: Check(name="anchor"))

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return all checks in the order of a report."""
        return (self.entries, self.tiles, self.head, self.checkpoints, self.anchor)

    @property
    def good(self) -> bool:
        """Return True if no check found a fault."""
        return all(check.good for check in self.checks)


def list_log_organisations() -> tuple[str, ...]:
    """Return the ids of all organisations that have any row of a log."""
    tables = (Head, Entry, Checkpoint, Tile)
    found = {
        name
        for table in tables
        for name in table.objects.values_list("organisation_id", flat=True).distinct()
    }

    return tuple(sorted(found))


def verify_log(organisation_id: str, *, progress: Progress | None = None) -> LogReport:
    """Recompute the log of `organisation_id` at constant memory and return the report.

    The log may grow meanwhile: all rows are read as they are at the beginning, or as a transaction
    around the call sees them. Faults are in the report. They are not raised.
    """
    report = LogReport(organisation_id=organisation_id)
    # An anchor is written after its head is committed. Read first, it is never ahead of the rows.
    anchor = _read_anchor(report)

    with nullcontext() if connection.in_atomic_block else begin_consistent_read():
        return _LogChecker(report, anchor, progress).run()


def _read_anchor(report: LogReport) -> Anchor | None:
    try:
        return anchors.get_anchors().peek(report.organisation_id)
    except AnchorUnreadable as error:
        report.anchor.add_fault(error.detail)
        return None


class _LogChecker:
    """One walk along the entries.

    The tree grows with the walk. It is compared where a checkpoint or the anchor names a root.
    """

    def __init__(
        self, report: LogReport, anchor: Anchor | None, progress: Progress | None = None
    ) -> None:
        self.report = report
        self.organisation_id = report.organisation_id
        self.anchor = anchor
        self.head = Head.objects.filter(organisation_id=self.organisation_id).first()
        self.keys = checkpoints.list_verifier_keys(self.organisation_id)
        self.progress = progress
        self.size = 0
        self.root = merkle.EMPTY_ROOT
        self.edge: dict[TileAt, bytes] = {}
        self.full: dict[TileAt, bytes] = {}

    def run(self) -> LogReport:
        """Walk once along the entries and return the report.

        1. Entries: indexes without gaps, columns that agree with the stored bytes.
        2. Every checkpoint and the anchor: the signature, and the root at that size. So each signed
           tree is a prefix of this log.
        3. Tiles: every tile equals what the entries hash to, and there are no others.
        4. Head: its size and root are those of the recomputed tree.

        A log that was cut off ends before some of its checkpoints. Those are compared with its last
        tree, and fail.
        """
        claims = self._claims()
        claim = next(claims, None)

        for rows in self._chunks():
            start = 0
            while start < len(rows):
                # 1.
                end = start + max(1, claim.size - self.size) if claim else len(rows)
                self._grow(rows[start:end])
                start = end

                # 2.
                while claim and claim.size <= self.size:
                    self._judge(claim)
                    claim = next(claims, None)

        while claim:
            self._judge(claim)
            claim = next(claims, None)

        # 3.
        self._compare_tiles({**self.full, **self.edge})
        self._count_tiles()

        # 4.
        self._compare_head()

        return self.report

    def _chunks(self) -> Iterator[list[Row]]:
        """Yield the entries in the order of their index, CHUNK at a time."""
        entries = Entry.objects.filter(organisation_id=self.organisation_id).order_by("idx")
        rows = entries.values_list(*COLUMNS).iterator(chunk_size=CHUNK)

        while chunk := list(islice(rows, CHUNK)):
            yield chunk

    def _claims(self) -> Iterator[Checkpoint | Anchor]:
        published = Checkpoint.objects.filter(organisation_id=self.organisation_id).order_by("size")
        rows: Iterator[Checkpoint | Anchor] = published.iterator(chunk_size=CHUNK)
        anchor = (self.anchor,) if self.anchor else ()
        yield from heapq.merge(rows, anchor, key=lambda claim: claim.size)

        if self.report.checkpoints.seen and not self.report.anchor.seen:
            self.report.anchor.add_fault("there are checkpoints, but no anchor")

    # --- entries and tiles ------------------------------------------------------------------------
    def _grow(self, rows: Sequence[Row]) -> None:
        """Check these entries, which are the next ones, and add them to the tree."""
        self.report.entries.seen += len(rows)
        payloads = check_columns(
            rows,
            first=self.size,
            organisation_id=self.organisation_id,
            add_fault=self.report.entries.add_fault,
        )
        growth = merkle.append(self.size, merkle.hash_leaves(payloads), self.edge)
        known = {**self.edge, **growth.tiles}
        self.size = growth.size
        self.root = growth.root
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
                self.report.tiles.add_fault(
                    f"tile {place.level}/{place.n} is not what the entries hash to"
                )

    def _count_tiles(self) -> None:
        rows = Tile.objects.filter(organisation_id=self.organisation_id).count()
        if rows != self.report.tiles.seen:
            self.report.tiles.add_fault(
                f"there are {rows} tiles where {self.report.tiles.seen} belong"
            )

    # --- claims about the tree --------------------------------------------------------------------
    def _compare_head(self) -> None:
        self.report.head.seen = 1
        if self.head is None:
            self.report.head.add_fault("there is no head")
        elif (self.head.size, bytes(self.head.root)) != (self.size, self.root):
            self.report.head.add_fault(
                f"the head says {self.head.size} entries, or another root; there are {self.size}"
            )

    def _judge(self, claim: Checkpoint | Anchor) -> None:
        """Compare a signed size and root with the recomputed tree, and verify the signature.

        Every checkpoint must be a prefix of the log.
        """
        check = self.report.anchor if isinstance(claim, Anchor) else self.report.checkpoints
        check.seen += 1

        if claim.size != self.size or bytes(claim.root) != self.root:
            check.add_fault(
                f"the tree of {claim.size} entries that was signed is not a prefix of this log of "
                f"{self.size}"
            )

        try:
            signed = signed_note.read_checkpoint(claim.note, self.keys)
        except signed_note.NoteRefused as error:
            check.add_fault(f"checkpoint {claim.size}: {error.detail}")
            return

        names = self.head.names if self.head else ()
        same_tree = (signed.size, signed.root) == (claim.size, bytes(claim.root))
        if not same_tree or signed.origin not in names:
            check.add_fault(f"checkpoint {claim.size} says something else than what was signed")

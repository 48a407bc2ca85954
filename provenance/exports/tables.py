"""Tables of a bundle: registered rows as JSONL and CSV, each with its place in the log."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery

from core.canonical_json import Json
from provenance.exports.export_sources import ExportScope, ExportTable, Row
from transparency_log.formats import log_entry
from transparency_log.models import Entry, EventRef, Outbox

BATCH: Final = 500
PLACE: Final = "log_index"
Places = Mapping[str, tuple[int, int]]
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"). The apostrophe
# guards itself too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def list_columns(table: ExportTable) -> tuple[str, ...]:
    """Return the columns as written, with the place in the log for a logged table."""
    return (*table.columns, PLACE) if table.logged else table.columns


def read_rows(table: ExportTable, scope: ExportScope, *, size: int) -> Iterator[Row]:
    """Yield the table's rows for a log of `size` entries.

    Rows whose event the checkpoint does not cover yet are left to the next bundle, and so are rows
    outside of the period. A row that the log does not know at all stays without a place, and the
    verifier rightly refuses it.

    Raises ValueError when a source returns other columns.
    """
    for row in _place_rows(table, scope, size=size) if table.logged else table.source(scope):
        if tuple(row) != list_columns(table):
            raise ValueError(f"a row of {table.name} has the columns {sorted(row)}")
        yield row


def write_jsonl(found: Iterable[Row]) -> Iterator[bytes]:
    """Yield one JSON object a line, with sorted keys."""
    for row in found:
        yield _to_json(row).encode("utf-8") + b"\n"


def write_csv(found: Iterable[Row], names: Sequence[str]) -> Iterator[bytes]:
    """Yield RFC 4180 lines, the header first, without a cell that a spreadsheet would run."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(names)

    for row in found:
        writer.writerow([format_cell(row[name]) for name in names])
        yield buffer.getvalue().encode("utf-8")
        buffer.seek(0)
        buffer.truncate()

    yield buffer.getvalue().encode("utf-8")


def format_cell(value: Json) -> str:
    """Return a value as a CSV cell: "" for None, guarded text, and everything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value

    return _to_json(value)


def count_rows(found: Iterable[Row], tick: Callable[[int], None]) -> Iterator[Row]:
    """Pass rows on and report every batch of them."""
    number = 0

    for number, row in enumerate(found, start=1):
        yield row
        if number % BATCH == 0:
            tick(BATCH)

    tick(number % BATCH)


def _to_json(value: Json) -> str:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def _place_rows(table: ExportTable, scope: ExportScope, *, size: int) -> Iterator[Row]:
    waiting = _find_waiting_ids(table, scope)
    walk = table.source(scope)
    while batch := list(islice(walk, BATCH)):
        found = _find_places([str(row["id"]) for row in batch], table, scope)
        for row in batch:
            index, at_ms = found.get(str(row["id"]), (None, None))
            if row["id"] in waiting or (index is not None and index >= size):
                continue
            if at_ms is None or not table.sliced or _is_in_period(scope, at_ms):
                yield {**row, PLACE: index}


def _is_in_period(scope: ExportScope, at_ms: int) -> bool:
    return (scope.start_ms is None or at_ms >= scope.start_ms) and (
        scope.end_ms is None or at_ms < scope.end_ms
    )


def _find_waiting_ids(table: ExportTable, scope: ExportScope) -> frozenset[str]:
    """Return the ids whose events have no place in the log yet."""
    # They are few, because the log was settled a moment ago.
    rows = Outbox.objects.filter(organisation_id=scope.organisation_id).values_list(
        "payload", "speaker_id"
    )
    found: set[str] = set()

    for payload, speaker_id in rows.iterator():
        facts = log_entry.read_entry(bytes(payload))
        if facts.kind in table.logged:
            found.update(ref for _, ref in facts.refs)
            found.update([speaker_id] if speaker_id else [])

    return frozenset(found)


def _find_places(ids: Sequence[str], table: ExportTable, scope: ExportScope) -> Places:
    """Return index and time of the first event of the table's kinds that names each id."""
    mine = Entry.objects.filter(
        organisation_id=scope.organisation_id, idx=OuterRef("idx"), kind__in=table.logged
    )
    named: QuerySet[EventRef] = EventRef.objects.filter(
        organisation_id=scope.organisation_id, ref__in=ids
    )
    found = named.annotate(at_ms=Subquery(mine.values("at_ms"))).filter(at_ms__isnull=False)
    places: dict[str, tuple[int, int]] = {}
    for ref, index, at_ms in found.order_by("idx").values_list("ref", "idx", "at_ms"):
        places.setdefault(ref, (index, at_ms))

    return places

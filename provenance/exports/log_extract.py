"""The log's part of a bundle, streamed: entries, hashes of the others, proofs, and openings.

Entries are written as they are, one a line. Canonical JSON has no line breaks, so a line is the
exact leaf.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Max, Min, Q, QuerySet

from core.canonical_json import Json
from core.errors import NotFound
from provenance.exports.export_sources import ExportScope
from transparency_log import log_reader, proofs
from transparency_log.formats import log_entry
from transparency_log.formats.merkle import HASH, WIDTH
from transparency_log.models import Body, Entry, EventRef, Tile
from vault import sealed_values, subject_keys

_ENTRY: Final = Entry._meta.db_table
_BODY: Final = Body._meta.db_table
_REF: Final = EventRef._meta.db_table
_ROWS: Final = 500
# The keys of this many people are kept open while their events are read. More would only cost
# memory.
_OPEN: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRange:
    """The entries [first, end) of a log of `size` that a bundle holds in full."""

    first: int
    end: int
    size: int

    @property
    def count(self) -> int:
        """The number of these entries."""
        return self.end - self.first


def find_log_range(scope: ExportScope, *, size: int) -> LogRange:
    """Return the smallest range with every entry of the period, or without one the whole log."""
    if scope.start is None and scope.end is None:
        return LogRange(first=0, end=size, size=size)

    rows = _list_entries(scope).filter(idx__lt=size)
    if scope.start_ms is not None:
        rows = rows.filter(at_ms__gte=scope.start_ms)
    if scope.end_ms is not None:
        rows = rows.filter(at_ms__lt=scope.end_ms)

    edges = rows.aggregate(first=Min("idx"), last=Max("idx"))
    if edges["first"] is None:
        return LogRange(first=0, end=0, size=size)

    return LogRange(first=edges["first"], end=edges["last"] + 1, size=size)


def read_entry_lines(
    scope: ExportScope, reach: LogRange, tick: Callable[[int], None]
) -> Iterator[bytes]:
    """Yield the entries of the range, each with its newline.

    On PostgreSQL the server formats and sends them (COPY).
    """
    walk = (
        _copy_lines(scope, reach)
        if connection.vendor == "postgresql"
        else _walk_lines(scope, reach)
    )
    for rows, chunk in walk:
        yield chunk
        tick(rows)


def _copy_lines(scope: ExportScope, reach: LogRange) -> Iterator[tuple[int, bytes]]:
    # Delimiter and quote are control characters, which JSON text never holds. A field with line
    # breaks arrives between two of those quotes. A message of the protocol is a row, so a row with
    # a tile's worth of entries saves many turns.
    # The table's name is our own.
    statement = f"""
        COPY (SELECT string_agg(convert_from(payload, 'UTF8'), E'\\n' ORDER BY idx) FROM {_ENTRY}
              WHERE organisation_id = %s AND idx >= %s AND idx < %s
              GROUP BY idx / {WIDTH} ORDER BY idx / {WIDTH})
        TO STDOUT (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"""  # noqa: S608
    with connection.cursor() as cursor:
        copying: Any = cursor
        with copying.copy(statement, (scope.organisation_id, reach.first, reach.end)) as copy:
            for message in copy:
                chunk = bytes(message).replace(b"\x02", b"")
                yield chunk.count(b"\n"), chunk


def _walk_lines(scope: ExportScope, reach: LogRange) -> Iterator[tuple[int, bytes]]:
    rows = _list_entries(scope).filter(idx__gte=reach.first, idx__lt=reach.end).order_by("idx")
    for payload in rows.values_list("payload", flat=True).iterator(chunk_size=_ROWS):
        yield 1, bytes(payload) + b"\n"


def read_leaf_hashes(scope: ExportScope, reach: LogRange) -> Iterator[bytes]:
    """Yield the leaf hashes of all entries before the range, and then of all after it."""
    rows = Tile.objects.filter(
        organisation_id=scope.organisation_id, level=0, n__lte=max(reach.size - 1, 0) // WIDTH
    )
    for n, data in rows.order_by("n").values_list("n", "data").iterator(chunk_size=_ROWS):
        hashes, base = bytes(data), n * WIDTH
        before = max(0, min(reach.first - base, WIDTH))
        after = max(0, min(reach.end - base, WIDTH))
        until = max(0, min(reach.size - base, WIDTH))
        yield hashes[: before * HASH] + hashes[max(after, before) * HASH : until * HASH]


# --- one person's entries, each with its proof ----------------------------------------------------
def list_personal_entries(scope: ExportScope, *, size: int) -> QuerySet[Entry]:
    """Return the entries that are committed to under the speaker's key, or that name them."""
    mine = Body.objects.filter(organisation_id=scope.organisation_id, subject=scope.subject)
    named = EventRef.objects.filter(organisation_id=scope.organisation_id, ref=scope.speaker_id)
    about = Q(event_id__in=mine.values("event_id")) | Q(idx__in=named.values("idx"))
    return _list_entries(scope).filter(about, idx__lt=size).order_by("idx")


def read_personal_lines(scope: ExportScope, *, size: int) -> Iterator[bytes]:
    """Yield the entries about the speaker, each with its newline."""
    for payload in (
        list_personal_entries(scope, size=size)
        .values_list("payload", flat=True)
        .iterator(chunk_size=_ROWS)
    ):
        yield bytes(payload) + b"\n"


def build_personal_proofs(scope: ExportScope, *, size: int) -> Iterator[bytes]:
    """Yield `{"index", "path"}` for each entry about the speaker.

    `path` is the hashes that lead from its place to the root.
    """
    for index in (
        list_personal_entries(scope, size=size)
        .values_list("idx", flat=True)
        .iterator(chunk_size=_ROWS)
    ):
        path = proofs.build_inclusion_proof(scope.organisation_id, index=index, size=size)
        yield _to_json_line({"index": index, "path": [_to_base64(step) for step in path]})


# --- openings -------------------------------------------------------------------------------------
def read_openings(scope: ExportScope, reach: LogRange) -> Iterator[bytes]:
    """Yield the openings of the range in order, of test or live data as the bundle is.

    Erased bodies stay closed.
    """
    where = "e.idx >= %s AND e.idx < %s AND e.livemode = %s"
    return _open_entries(scope, where, [reach.first, reach.end, scope.livemode])


def read_personal_openings(scope: ExportScope, *, size: int) -> Iterator[bytes]:
    """Yield the openings of entries about the speaker, by their own or the organisation's key."""
    named = f"SELECT idx FROM {_REF} WHERE organisation_id = %s AND ref = %s"  # noqa: S608 - as above
    about = f"e.idx IN ({named})"
    where = f"e.idx < %s AND (b.subject = %s OR {about})"
    return _open_entries(
        scope, where, [size, scope.subject, scope.organisation_id, scope.speaker_id]
    )


def read_closings(scope: ExportScope, reach: LogRange) -> Iterator[bytes]:
    """Yield the erasures outside of the range, each with its proof."""
    # They are why entries inside of the range stay closed.
    rows = _list_entries(scope).filter(
        kind="erasure.completed", idx__lt=reach.size, livemode=scope.livemode
    )
    for event in (
        rows.exclude(idx__gte=reach.first, idx__lt=reach.end)
        .order_by("idx")
        .iterator(chunk_size=_ROWS)
    ):
        opening = log_reader.get_opening(event.event_id)
        if opening is not None:
            path = proofs.build_inclusion_proof(
                scope.organisation_id, index=event.idx, size=reach.size
            )
            entry = bytes(event.payload).decode("utf-8")
            yield _to_json_line(
                {**opening.line(), "entry": entry, "path": [_to_base64(step) for step in path]}
            )


def _open_entries(
    scope: ExportScope, condition: str, values: Sequence[str | int | None]
) -> Iterator[bytes]:
    # Names and conditions of our own.
    statement = f"""
        SELECT e.idx, e.event_id, b.subject, b.sealed
        FROM {_ENTRY} e JOIN {_BODY} b ON b.event_id = e.event_id
        WHERE e.organisation_id = %s AND {condition} ORDER BY e.idx"""  # noqa: S608
    deriver = lru_cache(maxsize=_OPEN)(_find_deriver)

    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(statement, [scope.organisation_id, *values])
        while rows := cursor.fetchmany(_ROWS):
            for index, event_id, subject, sealed in rows:
                derive = deriver(subject)
                if derive is not None:
                    purpose = log_entry.get_key_purpose(event_id)
                    body = sealed_values.unseal_with(derive, purpose, bytes(sealed))
                    key = _to_base64(derive(purpose))
                    yield _to_json_line({"index": index, "id": event_id, "key": key, "body": body})


def _find_deriver(subject: str) -> subject_keys.Derive | None:
    try:
        return subject_keys.open_deriver(subject)
    except NotFound:
        # The key is unknown or destroyed.
        return None


def _list_entries(scope: ExportScope) -> QuerySet[Entry]:
    return Entry.objects.filter(organisation_id=scope.organisation_id)


def _to_json_line(value: dict[str, Json]) -> bytes:
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8"
        )
        + b"\n"
    )


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

"""The tables of provenance in bundles: clips, and the monthly usage of each grant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from core.clock import to_rfc3339
from provenance.clips.clip_fields import list_export_columns, write_export_row
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, File, Row
from provenance.models import Clip
from vault import sealed_notes

# The callers' own words may name people, so only the bundle of the person concerned has them.
_CALLERS: Final = ("client_reference", "external_id", "metadata")
_USAGE: Final = (
    "month",
    "consent",
    "grant",
    "use_case",
    "language",
    "clips",
    "characters",
    "milliseconds",
)


def register_clip_tables() -> None:
    """Register the tables when the applications start."""
    export_sources.register_export_table(
        "clips",
        _list_clip_rows,
        columns=list_export_columns(),
        bundles=("audit",),
        logged=("clip.issued",),
        sliced=True,
    )
    export_sources.register_export_table(
        "clips",
        _list_own_clip_rows,
        columns=(*list_export_columns(), *_CALLERS),
        bundles=("speaker",),
        logged=("clip.issued",),
        sliced=True,
    )
    export_sources.file_sources.add(_list_recordings)
    export_sources.register_export_table(
        "usage", _list_usage_rows, columns=_USAGE, bundles=("usage", "speaker")
    )


def _list_issued_clips(scope: ExportScope) -> QuerySet[Clip]:
    found = Clip.objects.delivered_in_full().filter(scope.mine(), scope.within("issued_at"))
    return found.filter(subject=scope.subject) if scope.kind == "speaker" else found


def _list_clip_rows(scope: ExportScope) -> Iterator[Row]:
    for clip in _list_issued_clips(scope).order_by("issued_at", "id").iterator():
        yield write_export_row(clip)


def _list_own_clip_rows(scope: ExportScope) -> Iterator[Row]:
    for clip in _list_issued_clips(scope).order_by("issued_at", "id").iterator():
        written = sealed_notes.open_notes(clip, subjects=(clip.subject,))
        yield {**write_export_row(clip), **{name: getattr(written, name) for name in _CALLERS}}


def _list_recordings(scope: ExportScope) -> Iterator[File]:
    """Yield the clips whose audio is still stored, withdrawn ones too."""
    # They are recordings of the person's voice.
    rows = _list_issued_clips(scope).exclude(blob_id="").order_by("issued_at", "id")
    for clip_id, blob_id, codec in rows.values_list("id", "blob_id", "codec").iterator():
        yield File(table="clips", row_id=clip_id, blob_id=blob_id, suffix=f".{codec}")


def _list_usage_rows(scope: ExportScope) -> Iterator[Row]:
    period = Q()
    if scope.start is not None:
        period &= Q(issued_at__gte=scope.start)
    if scope.end is not None:
        period &= Q(issued_at__lt=scope.end)

    names = ("month", "consent_id", "grant_id", "use_case", "language")
    rows = (
        _list_issued_clips(scope)
        .filter(period)
        .annotate(month=TruncMonth("issued_at"))
        .values(*names)
    )
    totals = rows.annotate(
        clips=Count("id"),
        spoken=Sum("characters"),
        milliseconds=Sum(F("duration_ms") - F("padded_ms")),
    )
    for row in totals.order_by(*names).iterator():
        yield {
            "month": to_rfc3339(row["month"])[:7],
            "consent": row["consent_id"],
            "grant": row["grant_id"],
            "use_case": row["use_case"],
            "language": row["language"],
            "clips": row["clips"],
            "characters": row["spoken"],
            "milliseconds": row["milliseconds"],
        }

"""Exports: to request, find, read and delete them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from core import ids, transactions
from core.caller_notes import Notes
from core.errors import Conflict, Fault, Invalid, NotFound
from provenance.exports import export_sources, tasks
from provenance.exports.export_sources import Kind
from provenance.models import Export, ExportQuerySet, ExportState
from provenance.models.export import SETTLED
from transparency_log import events
from vault import blobs, public_keys, sealed_notes
from vault.organisation_notes import OrganisationSealer

# Years that the log's milliseconds and every verifier agree on.
_YEARS: Final = range(1970, 9999)


class ExportNotReady(Conflict):
    """The bundle is not there: still being made, failed, or gone because its time was over or
    a person was erased.
    """

    code = "export_not_ready"


@transactions.opens_transaction
def request_export(
    *,
    organisation_id: str,
    livemode: bool,
    kind: Kind,
    start: datetime | None,
    end: datetime | None,
    speaker_id: str | None,
    words: bool,
    at: datetime,
    actor: str,
    notes: Notes | None = None,
) -> Export:
    """Request a bundle, which a worker makes. `notes` are what the caller writes beside it.

    The period is half-open, and cut to whole milliseconds like the times of the log. `words` is
    whether the words of intended uses are opened. They may name people, so only callers who may
    open people get them.

    Raises Invalid for an impossible period, and for a speaker that is missing or does not belong
    there, and NotFound for the speaker of another organisation.
    """
    start = _floor_to_milliseconds(start, "from")
    end = _floor_to_milliseconds(end, "to")
    _check_request(kind, start, end, speaker_id)
    if speaker_id is not None:
        export_sources.find_subject(speaker_id, organisation_id=organisation_id, livemode=livemode)

    export_id = ids.new("exp")
    export = Export.objects.create(
        id=export_id,
        organisation_id=organisation_id,
        livemode=livemode,
        kind=kind,
        from_at=start,
        to_at=end,
        speaker_id=speaker_id or "",
        words=words,
        actor=actor,
        created_at=at,
        **OrganisationSealer().columns(
            notes or Notes(), row_id=export_id, organisation_id=organisation_id, at=at
        ),
    )
    transaction.on_commit(tasks.export_pending.delay, robust=True)

    _log_request(export)
    return export


def _check_request(
    kind: Kind, start: datetime | None, end: datetime | None, speaker_id: str | None
) -> None:
    if start is not None and end is not None and end <= start:
        raise _build_invalid("out_of_range", "`to` must be later than `from`.", "to")

    if (kind == "speaker") != (speaker_id is not None):
        raise _build_invalid(
            "invalid", "A speaker's bundle names the `speaker`. No other does.", "speaker"
        )


def _log_request(export: Export) -> None:
    # The entry names the present keys. So a reader who knows the log's key also knows which other
    # keys sign its bundles.
    keys = public_keys.hash_public_keys(export.organisation_id)
    events.append_event(
        organisation_id=export.organisation_id,
        livemode=export.livemode,
        kind="export.requested",
        at=export.created_at,
        actor=export.actor,
        subject=None,
        refs={"export": export.id},
        speaker=export.speaker_id or None,
        body={"kind": export.kind, "words": export.words, "keys": keys},
    )


def filter_exports(
    wanted: Mapping[str, Any], *, organisation_id: str, livemode: bool, at: datetime
) -> QuerySet[Export]:
    """Return an organisation's exports by `kind`, `state`, `speaker`, `external_id` and
    `metadata`.

    What `wanted` does not name narrows nothing.
    """
    columns = {"kind": "kind", "state": "state", "speaker": "speaker_id"}
    rows = list_exports(organisation_id, livemode=livemode).filter(
        **{column: wanted[name] for name, column in columns.items() if name in wanted}
    )

    return sealed_notes.filter_by_notes(rows, wanted, organisation_id=organisation_id, at=at)


def list_exports(organisation_id: str, *, livemode: bool) -> QuerySet[Export]:
    """Return the exports of an organisation."""
    return Export.objects.of(organisation_id, livemode=livemode)


def get_export(export_id: str, *, organisation_id: str, livemode: bool) -> Export:
    """Return an organisation's export.

    Raises NotFound, for the exports of others too.
    """
    found = Export.objects.of(organisation_id, livemode=livemode).filter(id=export_id).first()
    if found is None:
        raise NotFound("There is no such export.")

    return found


def read_bundle(export: Export) -> Iterator[bytes]:
    """Return the bundle's bytes piece by piece.

    Raises ExportNotReady, Tampered, KmsUnavailable, all before the first piece.
    """
    if export.state != ExportState.READY:
        raise ExportNotReady(
            "This bundle is not there.",
            facts={"state": export.state, "reason": export.code or None},
        )

    return blobs.open_blob(export.blob_id).chunks()


@transactions.opens_transaction
def download_bundle(export: Export, *, actor: str, at: datetime) -> Iterator[bytes]:
    """Log that this actor takes the bundle, and return its bytes.

    Raises as `read_bundle` does, without a log entry.
    """
    pieces = read_bundle(export)

    # A person's own bundle holds their name, address and recordings, so to take it is to open the
    # speaker too.
    if export.speaker_id:
        _log_opening(export, actor=actor, at=at)

    events.append_event(
        organisation_id=export.organisation_id,
        livemode=export.livemode,
        kind="export.downloaded",
        at=at,
        actor=actor,
        subject=None,
        refs={"export": export.id},
        speaker=export.speaker_id or None,
        body={"kind": export.kind, "opens_people": export.opens_people},
    )

    return pieces


def _log_opening(export: Export, *, actor: str, at: datetime) -> None:
    subject = export_sources.find_subject(
        export.speaker_id, organisation_id=export.organisation_id, livemode=export.livemode
    )
    events.append_event(
        organisation_id=export.organisation_id,
        livemode=export.livemode,
        kind="speaker.opened",
        at=at,
        actor=actor,
        subject=subject,
        refs={},
        speaker=export.speaker_id,
        body={},
    )


@transactions.requires_transaction
def erase_bundles_of_organisation(organisation_id: str, *, livemode: bool, at: datetime) -> int:
    """Delete every stored bundle of the organisation's live or test data, and return how many.

    Bundles that were downloaded before are the duty of their holders.
    """
    # This is the simplest safe rule: any bundle may hold what an erased person's key opened. The
    # worker itself checks a bundle that it is making: it waits for this lock, and then sees the
    # destroyed key.
    Organisation.objects.select_for_update(no_key=True).filter(id=organisation_id).first()
    mine = Export.objects.of(organisation_id, livemode=livemode)
    stored = list(
        mine.filter(state=ExportState.READY).select_for_update().values_list("id", "blob_id")
    )
    for export_id, blob_id in stored:
        mine.filter(id=export_id).update(
            state=ExportState.EXPIRED, blob_id="", code="speaker_erased", finished_at=at
        )
        blobs.delete_blob(blob_id)

    return len(stored)


def list_settled_exports(
    before: datetime, *, organisation_id: str, livemode: bool
) -> ExportQuerySet:
    """Return an organisation's exports from before that time that are settled."""
    mine = Export.objects.of(organisation_id, livemode=livemode)
    return mine.filter(created_at__lt=before, state__in=SETTLED)


@transactions.requires_transaction
def delete_exports(export_ids: Sequence[str]) -> int:
    """Delete settled exports with their bundles, and return how many."""
    found = Export.objects.filter(id__in=export_ids, state__in=SETTLED)
    for blob_id in found.exclude(blob_id="").values_list("blob_id", flat=True):
        blobs.delete_blob(blob_id)

    return found.delete()[0]


def _floor_to_milliseconds(at: datetime | None, attr: str) -> datetime | None:
    if at is None:
        return None
    if at.year not in _YEARS:
        raise _build_invalid("out_of_range", "A time between 1970 and 9998, please.", attr)

    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _build_invalid(code: str, detail: str, attr: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=attr),))

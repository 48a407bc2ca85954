"""Carries exports out: claims one, writes its bundle into the vault and settles it. Also lets old
ones expire.

Rows are the queue. A claim is a conditional UPDATE with a lease and a fencing number. A worker that
lost its claim settles nothing.

A bundle holds nothing of a person who was erased before it is ready. Every key that was opened for
it must still exist when it is settled. Otherwise the bundle is thrown away and begun again. That
does not count as a failure, and it comes to an end: each new beginning takes the erasure of a
person in the bundle, and no person is erased twice. Erasures of other people do not touch it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from core import lease_renewal, leases
from core.background_tasks import is_stopping
from core.clock import Clock
from core.contained_faults import contain_fault
from core.errors import SaysoError
from core.leases import Backoff, LeaseLost
from provenance.exports import bundle_snapshot
from provenance.exports.bundle_snapshot import WrittenBundle
from provenance.exports.heartbeat import ErasedMeanwhile, refuse_erased
from provenance.models import Export, ExportState
from provenance.models.export import UNSETTLED
from transparency_log import events
from vault import blobs, subject_keys

logger = logging.getLogger(__name__)

KEPT: Final = timedelta(days=7)
MOST_ATTEMPTS: Final = 5
BACKOFF: Final = Backoff(first=timedelta(seconds=30), longest=timedelta(seconds=30))


def make_pending_exports(*, now: Clock) -> int:
    """Make every export that waits, expire the old ones, and return how many were made.

    Opens its own transactions.
    """
    made = 0
    while not is_stopping() and (export := claim_export(at=now())) is not None:
        made += _make_export(export, now=now)
    expire_exports(at=now())
    return made


def claim_export(*, at: datetime) -> Export | None:
    """Claim the oldest export that no worker holds, or return None when there is none.

    An export that failed too often is settled as failed on the way.
    """
    rows = Export.objects.filter(state__in=UNSETTLED).order_by("created_at", "id")
    while (export := leases.claim(rows, at=at, state=ExportState.RUNNING, rows_done=0)) is not None:
        if export.attempt - export.begun_anew <= MOST_ATTEMPTS:
            return export
        leases.complete(export, state=ExportState.FAILED, code="export_failed", finished_at=at)
    return None


def expire_exports(*, at: datetime) -> int:
    """Delete the bytes of exports whose time is over by the clock of their data, and return how
    many.
    """
    expired = 0
    for export in Export.objects.filter(state=ExportState.READY).select_related("organisation"):
        here = now_for(export.organisation, livemode=export.livemode, wall_time=at)
        if export.expires_at is not None and export.expires_at <= here:
            with contain_fault("export not expired", export=export.id):
                expired += _expire_export(export, code="", at=here)
    return expired


@transaction.atomic
def _expire_export(export: Export, *, code: str, at: datetime) -> int:
    """Expire a ready export and delete its blob. Return 1, or 0 when it was not ready any more."""
    ready = Export.objects.filter(id=export.id, state=ExportState.READY, blob_id=export.blob_id)
    if not ready.update(state=ExportState.EXPIRED, blob_id="", code=code, finished_at=at):
        return 0
    blobs.delete_blob(export.blob_id)
    return 1


def _make_export(export: Export, *, now: Clock) -> int:
    """Make one export. Return 1 when it is ready, else 0."""
    try:
        with lease_renewal.keep_leases(leases.select_held(export), now=now):
            return _try_export(export, now=now)
    except LeaseLost:
        logger.info("export taken over", extra={"export": export.id})
        return 0


def _try_export(export: Export, *, now: Clock) -> int:
    """Make one export, or settle why it was not made.

    What may go better later is left to another claim, after a while.

    Raises LeaseLost.
    """
    try:
        _finish_export(
            export,
            bundle_snapshot.write_bundle(export, now=now),
            at=bundle_snapshot.local_now(export, now()),
        )
    except LeaseLost:
        raise
    except ErasedMeanwhile:
        logger.info("export begun again", extra={"export": export.id})
        leases.complete(
            export, state=ExportState.QUEUED, rows_done=0, begun_anew=F("begun_anew") + 1
        )
    except SaysoError as error:
        logger.exception("export not made", extra={"export": export.id, "code": error.stable_code})
        if error.retryable:
            leases.return_to_queue(export, at=now(), backoff=BACKOFF)
        else:
            leases.complete(
                export,
                state=ExportState.FAILED,
                code=error.stable_code,
                finished_at=bundle_snapshot.local_now(export, now()),
            )
    except Exception:
        logger.exception("export not made", extra={"export": export.id, "code": "unexpected"})
        leases.return_to_queue(export, at=now(), backoff=BACKOFF)
    else:
        return 1
    return 0


def _finish_export(export: Export, written: WrittenBundle, *, at: datetime) -> None:
    """Keep the file, settle the row, log it: one transaction.

    The file of a lost claim is deleted.
    """
    try:
        with transaction.atomic():
            _refuse_erased_people(export, written)
            _mark_ready(export, written, at=at)
            events.append_event(
                organisation_id=export.organisation_id,
                livemode=export.livemode,
                kind="export.ready",
                at=at,
                actor="system:exports",
                subject=None,
                refs={"export": export.id},
                body={
                    "kind": export.kind,
                    "sha256": written.sha256,
                    "bytes": written.staged.size,
                    "log_size": written.log_size,
                },
            )
    except (LeaseLost, ErasedMeanwhile):
        blobs.discard_staged_blob(written.staged)
        raise


def _refuse_erased_people(export: Export, written: WrittenBundle) -> None:
    """Check that no person in the bundle was erased since it was begun.

    `export_requests.erase_bundles_of_organisation` takes the same lock, so one of the two waits for
    the other.

    Raises ErasedMeanwhile.
    """
    Organisation.objects.select_for_update(no_key=True).filter(id=export.organisation_id).first()
    refuse_erased(
        export,
        written.opened,
        subject_keys.list_destroyed_subjects(export.organisation_id).iterator(),
    )


def _mark_ready(export: Export, written: WrittenBundle, *, at: datetime) -> None:
    leases.complete(
        export,
        state=ExportState.READY,
        blob_id=blobs.keep_staged_blob(written.staged, at=at),
        size=written.staged.size,
        sha256=written.sha256,
        rows_done=written.rows,
        log_size=written.log_size,
        finished_at=at,
        expires_at=at + KEPT,
    )

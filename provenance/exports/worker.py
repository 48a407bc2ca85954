"""Carrying exports out: claim one, write its bundle into the vault, settle it; and let old ones
expire.

Rows are the queue. A claim is a conditional UPDATE with a lease and a fencing number; a worker that
lost its claim settles nothing.

A bundle holds nothing of anybody who was erased before it is ready: whoever's key was opened for it
must still have that key when it is settled, else it is thrown away and begun again. That is no
failure, and comes to an end: each time costs an erasure of somebody who was in the bundle, and
nobody is erased twice. Erasures of others do not touch it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from core.clock import Clock
from core.errors import SaysoError
from provenance.exports import bundle_writer, export_sources
from provenance.exports.bundle_writer import BundlePlan
from provenance.exports.export_sources import ExportScope
from provenance.exports.heartbeat import (
    LEASE,
    ErasedMeanwhile,
    ExportLeaseLost,
    refuse_erased,
    start_heartbeat,
)
from provenance.exports.read_snapshot import begin_consistent_read
from provenance.models import Export, ExportQuerySet, ExportState
from transparency_log import checkpoints, events, sequencer
from transparency_log.formats import log_entry
from transparency_log.models import Entry, Outbox
from vault import blobs, signing_keys, subject_keys
from vault.blobs import StagedBlob

logger = logging.getLogger(__name__)

KEPT: Final = timedelta(days=7)
MOST_ATTEMPTS: Final = 5
_AGAIN: Final = timedelta(seconds=30)


def make_pending_exports(*, now: Clock) -> int:
    """Make every export that waits, then expire what is old; give how many were made.

    Opens its own transactions.
    """
    made = 0
    while (export := claim_export(at=now())) is not None:
        made += _make_export(export, now=now)
    expire_exports(at=now())
    return made


def claim_export(*, at: datetime) -> Export | None:
    """Take the oldest export that nobody works on; give up on one that failed too often."""
    for export in Export.objects.claimable(at).order_by("created_at", "id")[:10]:
        mine = Export.objects.claimable(at).filter(id=export.id, attempt=export.attempt)
        if export.attempt - export.begun_anew >= MOST_ATTEMPTS:
            mine.update(
                state=ExportState.FAILED, code="export_failed", lease_until=None, finished_at=at
            )
        elif mine.update(
            state=ExportState.RUNNING, attempt=F("attempt") + 1, lease_until=at + LEASE, rows_done=0
        ):
            export.refresh_from_db()
            return export
    return None


def expire_exports(*, at: datetime) -> int:
    """Delete the bytes of exports whose time is over, each by its own clock; give how many."""
    expired = 0
    for export in Export.objects.filter(state=ExportState.READY).select_related("organisation"):
        here = now_for(export.organisation, livemode=export.livemode, real=at)
        if export.expires_at is not None and export.expires_at <= here:
            expired += _expire_export(export, code="", at=here)
    return expired


@transaction.atomic
def _expire_export(export: Export, *, code: str, at: datetime) -> int:
    """Expire a ready export and delete its blob; 0 when somebody else did."""
    ready = Export.objects.filter(id=export.id, state=ExportState.READY, blob_id=export.blob_id)
    if not ready.update(state=ExportState.EXPIRED, blob_id="", code=code, finished_at=at):
        return 0
    blobs.delete_blob(export.blob_id)
    return 1


def _make_export(export: Export, *, now: Clock) -> int:
    """Make one export; 1 when it is ready.

    What may go better later is left to another claim, after a while.
    """
    try:
        _finish_export(export, write_bundle(export, now=now), at=_local_now(export, now()))
    except ExportLeaseLost:
        logger.info("export taken over", extra={"export": export.id})
    except ErasedMeanwhile:
        logger.info("export begun anew", extra={"export": export.id})
        _leased_export(export).update(
            state=ExportState.QUEUED, lease_until=None, rows_done=0, begun_anew=F("begun_anew") + 1
        )
    except SaysoError as error:
        logger.exception("export not made", extra={"export": export.id, "code": error.stable_code})
        if error.retryable:
            _leased_export(export).update(lease_until=now() + _AGAIN)
        else:
            _leased_export(export).update(
                state=ExportState.FAILED,
                code=error.stable_code,
                lease_until=None,
                finished_at=_local_now(export, now()),
            )
    except Exception:
        logger.exception("export not made", extra={"export": export.id, "code": "unexpected"})
        _leased_export(export).update(
            lease_until=now() + _AGAIN
        )  # else it would wait for the end of a lease of minutes
    else:
        return 1
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A bundle whose file is written: its SHA-256, the log's size in it, the subjects whose data
    may be in it.
    """

    staged: StagedBlob
    sha256: str
    rows: int
    log_size: int
    opened: frozenset[str]


def write_bundle(export: Export, *, now: Clock) -> Written:
    """Sweep and settle the log, then write the bundle from one consistent read; its file has no row
    yet.

    Raises ErasedMeanwhile, NotYours.
    """
    real, organisation_id = now(), export.organisation_id
    export_sources.run_sweeps(
        organisation_id, livemode=export.livemode, at=_local_now(export, real)
    )
    sequencer.settle_log(organisation_id, at=real)
    signer = signing_keys.get_signer("exports", organisation_id=organisation_id, at=real)
    home = subject_keys.get_organisation_subject(organisation_id, at=real)
    digest = hashlib.sha256()
    with (
        subject_keys.record_opened_subjects() as opened,
        start_heartbeat(export, opened=opened, now=now) as beating,
        _blame_erasures(export),
        begin_consistent_read(),
    ):
        scope = build_scope(export)
        # Their own bundle is about them whatever it holds. An erasure before this read is no reason
        # to begin anew.
        if scope.subject and subject_keys.is_alive(scope.subject):
            opened.add(scope.subject)
        checkpoint = checkpoints.get_latest_checkpoint(organisation_id)
        if checkpoint is None:
            raise RuntimeError("a log with an export in it has a checkpoint")
        if _has_erasure_since(organisation_id, checkpoint.size):
            raise ErasedMeanwhile(
                "An erasure is not below the checkpoint yet.", facts={"export": export.id}
            )
        at = _local_now(export, real)
        plan = BundlePlan(
            scope=scope,
            export_id=export.id,
            checkpoint=checkpoint,
            signer=signer,
            at=at,
            signed_at=real,
        )
        parts = _hash_parts(bundle_writer.write_zip(plan, tick=beating.tick), digest)
        staged = blobs.stage_blob(subject=home, kind="export", parts=parts)
        return Written(
            staged=staged,
            sha256=digest.hexdigest(),
            rows=beating.rows,
            log_size=checkpoint.size,
            opened=frozenset(opened),
        )


def _has_erasure_since(organisation_id: str, size: int) -> bool:
    """Whether somebody was erased behind the checkpoint: what that closed, the bundle's log could
    not explain.
    """
    if Entry.objects.filter(
        organisation_id=organisation_id, idx__gte=size, kind="erasure.completed"
    ).exists():
        return True
    waiting = Outbox.objects.filter(organisation_id=organisation_id).values_list(
        "payload", flat=True
    )
    return any(
        log_entry.read_entry(bytes(payload)).kind == "erasure.completed"
        for payload in waiting.iterator()
    )


@contextmanager
def _blame_erasures(export: Export) -> Iterator[None]:
    """What fails while somebody is erased beside it is begun anew: a file that is gone may be gone
    because of that.
    """
    before = subject_keys.list_destroyed_subjects(export.organisation_id).count()
    try:
        yield
    except (ExportLeaseLost, ErasedMeanwhile):
        raise
    except Exception as error:
        if subject_keys.list_destroyed_subjects(export.organisation_id).count() == before:
            raise
        raise ErasedMeanwhile(
            "A person was erased meanwhile.", facts={"export": export.id}
        ) from error


def build_scope(export: Export) -> ExportScope:
    """What the export is about. Raises NotFound when its speaker is unknown."""
    subject = None
    if export.speaker_id:
        subject = export_sources.find_subject(
            export.speaker_id, organisation_id=export.organisation_id, livemode=export.livemode
        )
    return ExportScope(
        organisation_id=export.organisation_id,
        livemode=export.livemode,
        kind=export_sources.parse_kind(export.kind),
        start=export.from_at,
        end=export.to_at,
        speaker_id=export.speaker_id or None,
        subject=subject,
        words=export.words,
    )


def _finish_export(export: Export, written: Written, *, at: datetime) -> None:
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
    except (ExportLeaseLost, ErasedMeanwhile):
        blobs.discard_staged_blob(written.staged)
        raise


def _refuse_erased_people(export: Export, written: Written) -> None:
    """Refuse a bundle with somebody in it who was erased since.

    `services.forget` takes the same lock, so one waits.
    """
    Organisation.objects.select_for_update(no_key=True).filter(id=export.organisation_id).first()
    refuse_erased(
        export,
        written.opened,
        subject_keys.list_destroyed_subjects(export.organisation_id).iterator(),
    )


def _mark_ready(export: Export, written: Written, *, at: datetime) -> None:
    ready = _leased_export(export).update(
        state=ExportState.READY,
        lease_until=None,
        blob_id=blobs.keep_staged_blob(written.staged, at=at),
        size=written.staged.size,
        sha256=written.sha256,
        rows_done=written.rows,
        log_size=written.log_size,
        finished_at=at,
        expires_at=at + KEPT,
    )
    if not ready:
        raise ExportLeaseLost("This export is another worker's now.", facts={"export": export.id})


def _leased_export(export: Export) -> ExportQuerySet:
    return Export.objects.filter(id=export.id, attempt=export.attempt, state=ExportState.RUNNING)


def _local_now(export: Export, real: datetime) -> datetime:
    return now_for(export.organisation, livemode=export.livemode, real=real)


def _hash_parts(parts: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for part in parts:
        digest.update(part)
        yield part

"""Makes the bundle of an export from one consistent read, and notices who is erased meanwhile.

A bundle holds nothing of a person who was erased before it is ready: every key that was opened for
it must still exist when it is settled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from accounts.sandbox_clock import now_for
from core.clock import Clock
from core.leases import LeaseLost
from core.read_snapshot import begin_consistent_read
from provenance.exports import bundle_writer, export_sources
from provenance.exports.bundle_writer import BundlePlan
from provenance.exports.export_sources import ExportScope
from provenance.exports.heartbeat import ErasedMeanwhile, start_heartbeat
from provenance.models import Export
from transparency_log import checkpoints, sequencer
from transparency_log.formats import log_entry
from transparency_log.models import Checkpoint, Entry, Outbox
from vault import blobs, opened_keys, signing_keys, subject_keys
from vault.blobs import StagedBlob


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """A bundle whose file is written: its SHA-256, the log's size in it, the subjects whose data
    may be in it.
    """

    staged: StagedBlob
    sha256: str
    rows: int
    log_size: int
    opened: frozenset[str]


def write_bundle(export: Export, *, now: Clock) -> WrittenBundle:
    """Sweep and settle the log, then write the bundle from one consistent read.

    The bundle's file has no row yet.

    Raises ErasedMeanwhile, LeaseLost.
    """
    real, organisation_id = now(), export.organisation_id
    export_sources.run_sweeps(organisation_id, livemode=export.livemode, at=local_now(export, real))
    sequencer.settle_log(organisation_id, at=real)
    signer = signing_keys.get_signer("exports", organisation_id=organisation_id, at=real)
    home = subject_keys.get_organisation_subject(organisation_id, at=real)
    digest = hashlib.sha256()
    with (
        opened_keys.record_opened_subjects() as opened,
        start_heartbeat(export, opened=opened, now=now) as beating,
        _blame_erasures(export),
        begin_consistent_read(),
    ):
        scope = build_scope(export)
        # Their own bundle is about them whatever it holds. An erasure before this read is no reason
        # to begin again.
        if scope.subject and subject_keys.is_alive(scope.subject):
            opened.add(scope.subject)

        checkpoint = _get_covering_checkpoint(export)
        plan = BundlePlan(
            scope=scope,
            export_id=export.id,
            checkpoint=checkpoint,
            signer=signer,
            at=local_now(export, real),
            signed_at=real,
        )
        parts = _hash_parts(bundle_writer.write_zip(plan, tick=beating.tick), digest)
        staged = blobs.stage_blob(subject=home, kind="export", parts=parts)
        return WrittenBundle(
            staged=staged,
            sha256=digest.hexdigest(),
            rows=beating.rows,
            log_size=checkpoint.size,
            opened=frozenset(opened),
        )


def _get_covering_checkpoint(export: Export) -> Checkpoint:
    """Return the latest checkpoint, which every erasure so far lies below.

    Raises ErasedMeanwhile.
    """
    checkpoint = checkpoints.get_latest_checkpoint(export.organisation_id)
    if checkpoint is None:
        raise RuntimeError("a log with an export in it has a checkpoint")

    if _has_erasure_since(export.organisation_id, checkpoint.size):
        raise ErasedMeanwhile(
            "An erasure is not below the checkpoint yet.", facts={"export": export.id}
        )

    return checkpoint


def _has_erasure_since(organisation_id: str, size: int) -> bool:
    """Return whether the log, or what waits for it, holds an erasure at or after entry `size`.

    The log in the bundle ends there and could not explain what such an erasure closed.
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
    """Turn any failure of the block into ErasedMeanwhile when a person was erased during it.

    A file that is missing may be missing because of that, so the export is begun again.
    """
    before = subject_keys.list_destroyed_subjects(export.organisation_id).count()
    try:
        yield
    except (LeaseLost, ErasedMeanwhile):
        raise
    except Exception as error:
        if subject_keys.list_destroyed_subjects(export.organisation_id).count() == before:
            raise
        raise ErasedMeanwhile(
            "A person was erased meanwhile.", facts={"export": export.id}
        ) from error


def build_scope(export: Export) -> ExportScope:
    """Return the scope of `export`: its data, kind, period and speaker.

    Raises NotFound when its speaker is unknown.
    """
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


def local_now(export: Export, wall_time: datetime) -> datetime:
    """Return the time of the export's data, which may be a test clock's."""
    return now_for(export.organisation, livemode=export.livemode, wall_time=wall_time)


def _hash_parts(parts: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for part in parts:
        digest.update(part)
        yield part

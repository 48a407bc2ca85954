"""Schedules attestations: every attestor is asked about the newest checkpoint of every log. Each
pair is one row, claimed by a lease.

No other work waits for attestors: they may be slow, down or wrong without holding up the log. An
attestor that is away costs one time-out a round, not one for each organisation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef

from core import lease_renewal, leases
from core.clock import Clock
from core.contained_faults import contain_fault
from core.errors import SaysoError
from core.leases import Backoff, LeaseLost
from transparency_log import checkpoints, proofs
from transparency_log.attestation import (
    checkpoint_copies,
    copy_settings,
    timestamping,
    witness_client,
)
from transparency_log.attestation.http_client import AttestorUnavailable, HttpClient
from transparency_log.formats import signed_note
from transparency_log.formats.cosignature import Witness
from transparency_log.models import Attestation, AttestationKind, AttestationTask, Checkpoint, Head

logger = logging.getLogger(__name__)
BACKOFF: Final = Backoff(first=timedelta(seconds=15), longest=timedelta(hours=1))
# How many logs one attestor is asked about in one round. The next round takes up the rest.
MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationResult:
    """What an attestor vouched for, to be kept."""

    request: bytes
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestor:
    """An attestor to ask: its name as `AttestationTask.target`, how often to ask it, and how."""

    kind: AttestationKind
    target: str
    every: timedelta
    visit: Callable[[AttestationTask, Checkpoint, datetime], AttestationResult]
    close: Callable[[], None]


def list_attestors() -> tuple[Attestor, ...]:
    """Return the attestors that the settings name, none by default."""
    found = [_build_witness_attestor(each) for each in settings.SAYSO_WITNESSES]
    if settings.SAYSO_COPIES_URL:
        found.append(_build_copy_attestor(settings.SAYSO_COPIES_URL))
    if settings.SAYSO_TSA_URL:
        found.append(_build_timestamp_attestor(settings.SAYSO_TSA_URL))
    return tuple(found)


def run_due_tasks(*, now: Clock) -> int:
    """Ask every configured attestor what is due, and return how many attestations were kept.

    Safe to run in several workers at once.
    """
    kept = 0
    for attestor in list_attestors():
        with contain_fault("attestor not asked", kind=str(attestor.kind)):
            kept += _run_attestor(attestor, now=now)
    return kept


def _run_attestor(attestor: Attestor, *, now: Clock) -> int:
    _plan_tasks(attestor, at=now())
    count = 0
    try:
        for task_id in _list_due_tasks(attestor, at=now()):
            try:
                count += _run_task(task_id, attestor, now=now)
            except AttestorUnavailable:
                # It is noted in its row, and the other rows need not wait for the same time-out.
                break
    finally:
        attestor.close()
    return count


def _plan_tasks(attestor: Attestor, *, at: datetime) -> None:
    """Make a row for every log that this attestor was never asked about, under the name that it has
    now.
    """
    known = set(
        AttestationTask.objects.filter(kind=attestor.kind, target=attestor.target).values_list(
            "origin", flat=True
        )
    )
    missing = [
        AttestationTask(
            kind=attestor.kind,
            target=attestor.target,
            organisation_id=head.organisation_id,
            origin=head.name,
            due_at=at,
        )
        for head in Head.objects.filter(size__gt=0).order_by("organisation_id")
        if head.name not in known
    ]
    AttestationTask.objects.bulk_create(missing, ignore_conflicts=True)


def _list_due_tasks(attestor: Attestor, *, at: datetime) -> list[int]:
    newer = Checkpoint.objects.filter(
        organisation_id=OuterRef("organisation_id"), size__gt=OuterRef("size")
    )
    rows = AttestationTask.objects.filter(
        leases.is_claimable(at), Exists(newer), kind=attestor.kind, target=attestor.target
    )
    return list(rows.order_by("due_at", "id").values_list("id", flat=True)[:MOST])


def _run_task(task_id: int, attestor: Attestor, *, now: Clock) -> int:
    """Ask once, settle the row, and return how many attestations were kept.

    Raises AttestorUnavailable, after settling. Every other failure is noted in the row.
    """
    at = now()
    task = leases.claim(AttestationTask.objects.filter(id=task_id), at=at)
    if task is None:
        return 0

    checkpoint = checkpoints.get_latest_checkpoint(task.organisation_id)
    if checkpoint is None or _read_origin(checkpoint) != task.origin:
        # The log goes on under another name, which has a row of its own.
        _settle_task(task, due_at=at + BACKOFF.longest)
        return 0

    try:
        with lease_renewal.keep_leases(leases.select_held(task), now=now):
            result = attestor.visit(task, checkpoint, at)
            return _keep_attestation(task, checkpoint, result, at=now(), every=attestor.every)
    except SaysoError as error:
        _fail_task(task, error, at=now())
        if isinstance(error, AttestorUnavailable):
            raise
    except Exception:
        # Such as a tile of this log that is lost. The other logs do not wait for it.
        logger.exception("attestor failed", extra={"organisation_id": task.organisation_id})
        leases.return_to_queue(
            task,
            at=now(),
            backoff=BACKOFF,
            count=task.failures + 1,
            failures=F("failures") + 1,
            code="internal",
        )
    return 0


def _read_origin(checkpoint: Checkpoint) -> str:
    return signed_note.parse_checkpoint(signed_note.split_note(checkpoint.note)[0]).origin


@transaction.atomic
def _keep_attestation(
    task: AttestationTask,
    checkpoint: Checkpoint,
    result: AttestationResult,
    *,
    at: datetime,
    every: timedelta,
) -> int:
    mine = {"organisation_id": task.organisation_id, "kind": task.kind, "target": task.target}
    # Asked twice about one size (a lease that ran out): the first attestation stays, and is as
    # good.
    if not Attestation.objects.filter(**mine, size=checkpoint.size).exists():
        Attestation.objects.create(
            **mine, size=checkpoint.size, request=result.request, answer=result.answer, at=at
        )
    _settle_task(task, due_at=at + every, size=checkpoint.size)
    return 1


def _settle_task(task: AttestationTask, *, due_at: datetime, size: int | None = None) -> None:
    changes = {} if size is None else {"size": size}
    with suppress(LeaseLost):
        leases.complete(task, due_at=due_at, failures=0, code="", **changes)


def _fail_task(task: AttestationTask, error: SaysoError, *, at: datetime) -> None:
    with suppress(LeaseLost):
        leases.retry_later(
            task,
            at=at,
            backoff=BACKOFF,
            count=task.failures + 1,
            failures=F("failures") + 1,
            code=error.stable_code,
        )
    facts = {
        "organisation_id": task.organisation_id,
        "kind": str(task.kind),
        "code": error.stable_code,
    }
    # An attestor that is away comes back in time. One that contradicts us needs an operator.
    level = logging.WARNING if error.retryable else logging.ERROR
    logger.log(level, "attestor failed", extra={**facts, **error.facts})


# --- the three kinds ------------------------------------------------------------------------------
def _build_witness_attestor(witness: Witness) -> Attestor:
    wire = HttpClient(witness.url)

    def visit(task: AttestationTask, checkpoint: Checkpoint, at: datetime) -> AttestationResult:
        wanted = witness_client.prepare_request(
            checkpoint.note, size=checkpoint.size, known=task.size
        )

        def proof(old: int, new: int) -> tuple[bytes, ...]:
            return proofs.build_consistency_proof(task.organisation_id, old=old, new=new)

        cosignature = witness_client.request_cosignature(
            witness, wanted, proof=proof, at=at, wire=wire
        )
        return AttestationResult(request=b"", answer=cosignature.line.encode())

    every = timedelta(seconds=settings.SAYSO_WITNESS_SECONDS)
    return Attestor(
        kind=AttestationKind.WITNESS,
        target=str(witness.key),
        every=every,
        visit=visit,
        close=wire.close,
    )


def _build_copy_attestor(target: str) -> Attestor:
    keep = copy_settings.open_store(target)

    def visit(task: AttestationTask, checkpoint: Checkpoint, at: datetime) -> AttestationResult:
        generation = Head.objects.get(organisation_id=task.organisation_id).generation
        name = checkpoint_copies.build_copy_name(
            task.organisation_id, generation=generation, size=checkpoint.size
        )
        until = checkpoint_copies.get_retention_end(at, days=settings.SAYSO_COPIES_RETENTION_DAYS)
        keep.store_copy(name, checkpoint.note.encode(), until=until)
        return AttestationResult(request=b"", answer=name.encode())

    every = timedelta(seconds=settings.SAYSO_EVIDENCE_SECONDS)
    return Attestor(
        kind=AttestationKind.COPY, target=target, every=every, visit=visit, close=keep.close
    )


def _build_timestamp_attestor(target: str) -> Attestor:
    wire = HttpClient(target)

    def visit(
        task: AttestationTask,  # noqa: ARG001 - the shape of a visit
        checkpoint: Checkpoint,
        at: datetime,  # noqa: ARG001 - as above
    ) -> AttestationResult:
        stamp = timestamping.request_timestamp(
            checkpoint.note.encode(), roots=read_tsa_roots(), wire=wire
        )
        return AttestationResult(request=stamp.request, answer=stamp.response)

    every = timedelta(seconds=settings.SAYSO_EVIDENCE_SECONDS)
    return Attestor(
        kind=AttestationKind.STAMP, target=target, every=every, visit=visit, close=wire.close
    )


def read_tsa_roots() -> bytes:
    """Read the PEM of the roots of time-stamping authorities.

    Raises AttestorUnavailable while it cannot be read.
    """
    try:
        return Path(settings.SAYSO_TSA_ROOTS or "").read_bytes()
    except OSError as error:
        raise AttestorUnavailable(
            "The roots of the time-stamping authority cannot be read."
        ) from error

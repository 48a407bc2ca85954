"""Running errands: every outsider is asked about every log's newest checkpoint, one row an errand, claimed by a lease.

Nobody waits for outsiders: they may be slow, down or wrong without holding up the log. An outsider that is away costs
one time-out a round, not one for each organisation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from core.clock import Clock
from core.errors import SaysoError
from provenance.ledger import checkpoints, notes, proofs
from provenance.models import Attestation, Checkpoint, Errand, Head, OutsideKind
from provenance.outside import keeping, stamping, stores, witnesses
from provenance.outside.cosigning import Witness
from provenance.outside.wire import OutsiderAway, Wire

logger = logging.getLogger(__name__)
LEASE: Final = timedelta(minutes=2)
FIRST_RETRY: Final = timedelta(seconds=15)
LAST_RETRY: Final = timedelta(hours=1)
# How many logs one outsider is asked about in one round; the next round goes on.
MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What an outsider vouched for, to be kept."""

    request: bytes
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Somebody to ask: what `Errand.target` says of them, how often, and how."""

    kind: OutsideKind
    target: str
    every: timedelta
    visit: Callable[[Errand, Checkpoint, datetime], Attested]
    close: Callable[[], None]


def configured() -> tuple[Outsider, ...]:
    """Give the outsiders that the settings name, none by default."""
    found = [_witness(each) for each in settings.SAYSO_WITNESSES]
    if settings.SAYSO_COPIES_URL:
        found.append(_keep(settings.SAYSO_COPIES_URL))
    if settings.SAYSO_TSA_URL:
        found.append(_authority(settings.SAYSO_TSA_URL))
    return tuple(found)


def run(*, now: Clock) -> int:
    """Ask every configured outsider what is due; give how many attestations came of it. Safe to run beside itself."""
    return sum(_round(outsider, now=now) for outsider in configured())


def _round(outsider: Outsider, *, now: Clock) -> int:
    _plan(outsider, at=now())
    count = 0
    try:
        for errand_id in _due(outsider, at=now()):
            try:
                count += _carry_out(errand_id, outsider, now=now)
            except OutsiderAway:
                break  # noted in its row; the others are not made to wait for the same time-out
    finally:
        outsider.close()
    return count


def _plan(outsider: Outsider, *, at: datetime) -> None:
    """Make a row for every log that this outsider was never asked about, under the name that it has now."""
    known = set(Errand.objects.filter(kind=outsider.kind, target=outsider.target).values_list("origin", flat=True))
    missing = [
        Errand(
            kind=outsider.kind,
            target=outsider.target,
            organisation_id=head.organisation_id,
            origin=head.name,
            due_at=at,
        )
        for head in Head.objects.filter(size__gt=0).order_by("organisation_id")
        if head.name not in known
    ]
    Errand.objects.bulk_create(missing, ignore_conflicts=True)


def _due(outsider: Outsider, *, at: datetime) -> list[int]:
    newer = Checkpoint.objects.filter(organisation_id=OuterRef("organisation_id"), size__gt=OuterRef("size"))
    rows = Errand.objects.filter(_free(at), Exists(newer), kind=outsider.kind, target=outsider.target)
    return list(rows.order_by("due_at", "id").values_list("id", flat=True)[:MOST])


def _free(at: datetime) -> Q:
    return Q(due_at__lte=at) & (Q(lease_until=None) | Q(lease_until__lte=at))


def _carry_out(errand_id: int, outsider: Outsider, *, now: Clock) -> int:
    """Ask once and settle the row. Raises OutsiderAway, after settling; every other failure stays in the row."""
    at = now()
    taken = Errand.objects.filter(_free(at), id=errand_id)
    if not taken.update(lease_until=at + LEASE, attempt=F("attempt") + 1):
        return 0
    errand = Errand.objects.get(id=errand_id)
    checkpoint = checkpoints.latest(errand.organisation_id)
    if checkpoint is None or _origin(checkpoint) != errand.origin:
        # The log goes on under another name, which has a row of its own.
        _settle(errand, due_at=at + LAST_RETRY)
        return 0
    try:
        attested = outsider.visit(errand, checkpoint, at)
    except SaysoError as error:
        _fail(errand, error, at=now())
        if isinstance(error, OutsiderAway):
            raise
        return 0
    return _keep_attestation(errand, checkpoint, attested, at=now(), every=outsider.every)


def _origin(checkpoint: Checkpoint) -> str:
    return notes.parse_checkpoint(notes.parts(checkpoint.note)[0]).origin


@transaction.atomic
def _keep_attestation(
    errand: Errand, checkpoint: Checkpoint, attested: Attested, *, at: datetime, every: timedelta
) -> int:
    mine = {"organisation_id": errand.organisation_id, "kind": errand.kind, "target": errand.target}
    # Asked twice about one size (a lease that ran out): the first attestation stays, and is as good.
    if not Attestation.objects.filter(**mine, size=checkpoint.size).exists():
        Attestation.objects.create(
            **mine, size=checkpoint.size, request=attested.request, answer=attested.answer, at=at
        )
    _settle(errand, due_at=at + every, size=checkpoint.size)
    return 1


def _settle(errand: Errand, *, due_at: datetime, size: int | None = None) -> None:
    changes = {} if size is None else {"size": size}
    held = Errand.objects.filter(id=errand.id, attempt=errand.attempt)
    held.update(lease_until=None, due_at=due_at, failures=0, code="", **changes)


def _fail(errand: Errand, error: SaysoError, *, at: datetime) -> None:
    wait = min(FIRST_RETRY * 2 ** min(errand.failures, 10), LAST_RETRY)
    held = Errand.objects.filter(id=errand.id, attempt=errand.attempt)
    held.update(lease_until=None, due_at=at + wait, failures=F("failures") + 1, code=error.stable_code)
    facts = {"organisation_id": errand.organisation_id, "kind": str(errand.kind), "code": error.stable_code}
    # An outsider that is away is a matter of time; one that contradicts us is a matter for somebody.
    level = logging.WARNING if error.retryable else logging.ERROR
    logger.log(level, "outsider not satisfied", extra={**facts, **error.facts})


# --- the three kinds --------------------------------------------------------------------------------------------------
def _witness(witness: Witness) -> Outsider:
    wire = Wire(witness.url)

    def visit(errand: Errand, checkpoint: Checkpoint, at: datetime) -> Attested:
        wanted = witnesses.request_for(checkpoint.note, size=checkpoint.size, known=errand.size)

        def proof(old: int, new: int) -> tuple[bytes, ...]:
            return proofs.consistency(errand.organisation_id, old=old, new=new)

        cosignature = witnesses.ask(witness, wanted, proof=proof, at=at, wire=wire)
        return Attested(request=b"", answer=cosignature.line.encode())

    every = timedelta(seconds=settings.SAYSO_WITNESS_SECONDS)
    return Outsider(kind=OutsideKind.WITNESS, target=str(witness.key), every=every, visit=visit, close=wire.close)


def _keep(target: str) -> Outsider:
    keep = stores.open_store(target)

    def visit(errand: Errand, checkpoint: Checkpoint, at: datetime) -> Attested:
        generation = Head.objects.get(organisation_id=errand.organisation_id).generation
        name = keeping.name_of(errand.organisation_id, generation=generation, size=checkpoint.size)
        until = keeping.retained_until(at, days=settings.SAYSO_COPIES_RETENTION_DAYS)
        keep.put(name, checkpoint.note.encode(), until=until)
        return Attested(request=b"", answer=name.encode())

    every = timedelta(seconds=settings.SAYSO_EVIDENCE_SECONDS)
    return Outsider(kind=OutsideKind.COPY, target=target, every=every, visit=visit, close=keep.close)


def _authority(target: str) -> Outsider:
    wire = Wire(target)

    def visit(errand: Errand, checkpoint: Checkpoint, at: datetime) -> Attested:  # noqa: ARG001 - the shape of a visit
        stamp = stamping.ask(checkpoint.note.encode(), roots=tsa_roots(), wire=wire)
        return Attested(request=stamp.request, answer=stamp.response)

    every = timedelta(seconds=settings.SAYSO_EVIDENCE_SECONDS)
    return Outsider(kind=OutsideKind.STAMP, target=target, every=every, visit=visit, close=wire.close)


def tsa_roots() -> bytes:
    """Read the PEM of the roots of time-stamping authorities. Raises OutsiderAway while it cannot be read."""
    try:
        return Path(settings.SAYSO_TSA_ROOTS or "").read_bytes()
    except OSError as error:
        raise OutsiderAway("The roots of the time-stamping authority cannot be read.") from error

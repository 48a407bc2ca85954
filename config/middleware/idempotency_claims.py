"""Claims of idempotency keys: one request holds a key at a time, for as long as its lease lasts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import idempotency_records
from accounts.authentication import Caller
from accounts.models import IdempotencyRecord
from consent import gate
from core import leases
from core.clock import Clock
from core.errors import Conflict, Invalid, Refused
from core.lease_renewal import Renewal, begin_renewal

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")


class IdempotencyMismatch(Invalid):
    """The key was used before with another body."""

    code = "idempotency_mismatch"


class IdempotencyUnbound(Invalid):
    """The call has a key, but no caller whom the key could belong to."""

    code = "idempotency_unbound"


class IdempotencyRunning(Conflict):
    """The first request with this key is still being carried out."""

    code = "idempotency_running"


class IdempotencyForgotten(Conflict):
    """The first answer held data of a person who has been erased since."""

    code = "idempotency_forgotten"


class IdempotencySecret(Conflict):
    """The first answer made a secret, which is shown once. What it made stands, and a new call
    makes another.
    """

    code = "idempotency_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request's hold on its key, renewed until the request is settled."""

    row: IdempotencyRecord
    organisation_id: str
    renewal: Renewal

    def rows(self) -> QuerySet[IdempotencyRecord]:
        """Return a query for the row that finds it only while this request holds it."""
        return _select_running(self.row)

    def demand(self) -> None:
        """Renew the lease in the transaction of this request.

        The lease may have run out meanwhile, as long as no other request has the key. A repeat that
        waits for the row finds it renewed.

        Raises IdempotencyRunning.
        """
        if not self.rows().update(lease_until=self.renewal.now() + leases.LEASE):
            raise running_error()


def hold_key(row: IdempotencyRecord, caller: Caller, *, now: Clock) -> Claim:
    """Return this request's hold on the key of `row`, and renew its lease from now on."""
    renewal = begin_renewal(_select_running(row), now=now)
    return Claim(row=row, organisation_id=caller.organisation_id, renewal=renewal)


def claim_key(caller: Caller, name: str, request_sha256: str, *, at: datetime) -> IdempotencyRecord:
    """Take the key for this request, or return the row of the stored answer.

    Raises Invalid for what is no key, IdempotencyMismatch, IdempotencyRunning,
    IdempotencyForgotten, IdempotencySecret.
    """
    if not _KEY.match(name):
        raise Invalid(
            "`Idempotency-Key` must be 1 to 255 visible ASCII characters.",
            code="idempotency_key_invalid",
        )

    name_sha256 = hashlib.sha256(name.encode()).hexdigest()
    mine = IdempotencyRecord.objects.filter(api_key_id=caller.key_id, key_sha256=name_sha256)
    mine.filter(created_at__lte=at - idempotency_records.KEEP).delete()
    mine.filter(state=IdempotencyRecord.State.RUNNING, lease_until__lte=at).delete()
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                api_key_id=caller.key_id,
                key_sha256=name_sha256,
                request_sha256=request_sha256,
                attempt=1,
                lease_until=at + leases.LEASE,
                created_at=at,
            )
    except IntegrityError:
        kept = mine.first()

    # The first request ended between the two statements, and made nothing.
    if kept is None:
        raise running_error()

    _refuse_unless_done(kept, request_sha256)

    decision = kept.headers.get("Sayso-Decision")
    if decision and not _may_repeat(decision, at=caller.now()):
        return _take_over(kept, at=at)
    return kept


def _may_repeat(decision_id: str, *, at: datetime) -> bool:
    try:
        gate.may_repeat(decision_id, at=at)
    except Refused:
        return False
    return True


def _refuse_unless_done(kept: IdempotencyRecord, request_sha256: str) -> None:
    """Raise unless the row is the answer to this very request, and one that can be given again."""
    if kept.request_sha256 != request_sha256:
        raise IdempotencyMismatch("This idempotency key was used before with another request.")
    if kept.state == IdempotencyRecord.State.RUNNING:
        raise running_error()
    if kept.state == IdempotencyRecord.State.FORGOTTEN:
        raise IdempotencyForgotten("The answer was forgotten when a person it spoke of was erased.")
    if kept.state == IdempotencyRecord.State.SECRET:
        raise IdempotencySecret(
            "The answer to the first request made a secret, which is shown once."
        )


def _take_over(kept: IdempotencyRecord, *, at: datetime) -> IdempotencyRecord:
    """Take the row of an answer whose permit has ended, so that the gate decides again.

    One retry of many gets it.
    """
    lease_until = at + leases.LEASE
    taken = IdempotencyRecord.objects.filter(
        pk=kept.pk, state=IdempotencyRecord.State.DONE, attempt=kept.attempt
    ).update(
        state=IdempotencyRecord.State.RUNNING,
        attempt=kept.attempt + 1,
        lease_until=lease_until,
        sealed_body=None,
        headers={},
    )
    if not taken:
        raise running_error()

    kept.state = IdempotencyRecord.State.RUNNING
    kept.attempt += 1
    kept.lease_until = lease_until
    kept.headers = {}

    return kept


def _select_running(row: IdempotencyRecord) -> QuerySet[IdempotencyRecord]:
    return IdempotencyRecord.objects.filter(
        pk=row.pk, state=IdempotencyRecord.State.RUNNING, attempt=row.attempt
    )


def running_error() -> IdempotencyRunning:
    """Return the error for a key that another request holds."""
    return IdempotencyRunning(
        "Another request with this idempotency key is still running.", retry_after=1
    )

"""Leases: the right to work on a row until a given time. Every queue whose rows are its messages
uses them.

A worker claims a row by one conditional UPDATE, which raises the row's fencing number `attempt` and
sets `lease_until`. It holds the row until another worker raises that number or the lease is
cleared. Only while it holds the row may it settle it.

Leases are short. A worker that lives has its lease renewed from beside its work
(`core.lease_renewal`). One that dies leaves it behind, and the row can be claimed again once it is
over. A worker whose renewals did not come through may settle all the same, unless another one has
taken the row by then.

All times are real time, never that of a test clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import Error, models
from django.db.models import Q, QuerySet

from core import transactions
from core.errors import Conflict

# SAYSO_LEASE_SECONDS. Together with a round of the sweep it is how long the work of a dead worker
# lies still.
LEASE: Final = timedelta(seconds=settings.SAYSO_LEASE_SECONDS)
_MOST_DOUBLINGS: Final = 32  # beyond it the wait would leave what a timedelta holds


class LeaseLost(Conflict):
    """Another worker holds this row by now, or it is settled: what was made for it is dropped."""

    code = "lease_lost"


class Leased(models.Model):
    """A row that one worker at a time works on.

    `attempt` is the fencing number, and counts the claims.
    """

    attempt = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class Queued(Leased):
    """A row that waits until `due_at`. Without a `due_at` it is due at once."""

    due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


L = TypeVar("L", bound=Leased)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long a row waits after a failure: `first`, then twice as long each time, up to
    `longest`.
    """

    first: timedelta
    longest: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """Return the wait after so many failures in a row, 1 or more."""
        if self.first >= self.longest:
            return self.longest
        doublings = min(max(failures, 1) - 1, _MOST_DOUBLINGS)
        # In seconds, as a timedelta overflows before the smaller of the two is taken.
        seconds = min(self.first.total_seconds() * 2**doublings, self.longest.total_seconds())
        return timedelta(seconds=seconds)


def has_no_lease(at: datetime) -> Q:
    """Return the condition for rows that no worker holds at `at`."""
    return Q(lease_until=None) | Q(lease_until__lte=at)


def is_claimable(at: datetime) -> Q:
    """Return the condition for rows of a `Queued` model that are due at `at` and that no worker
    holds.
    """
    return (Q(due_at=None) | Q(due_at__lte=at)) & has_no_lease(at)


def claim(rows: QuerySet[L], *, at: datetime, lease: timedelta = LEASE, **columns: Any) -> L | None:
    """Claim the first free row of `rows` until `at + lease`. Return None when no row is free.

    `columns` are set in the same UPDATE, and must leave the row among `rows`. Two workers never get
    the same attempt.
    """
    model = rows.model
    free = rows.filter(is_claimable(at) if issubclass(model, Queued) else has_no_lease(at))
    while (found := free.values_list("pk", "attempt").first()) is not None:
        pk, attempt = found
        # The number is named and not counted up in the database. A worker that reads it back after
        # a stall could otherwise take another worker's claim for its own.
        taken = free.filter(pk=pk, attempt=attempt).update(
            attempt=attempt + 1, lease_until=at + lease, **columns
        )
        row = rows.filter(pk=pk, attempt=attempt + 1).first() if taken else None
        if row is not None:
            return row
    return None


def select_held(row: L) -> QuerySet[L]:
    """Return a query for `row` that finds it only while this claim of it stands."""
    found: QuerySet[L] = type(row)._default_manager.filter(
        pk=row.pk, attempt=row.attempt, lease_until__isnull=False
    )
    return found


def renew(row: Leased, *, at: datetime, lease: timedelta = LEASE, **columns: Any) -> None:
    """Extend the lease until `at + lease`. Raises LeaseLost."""
    _change(row, lease_until=at + lease, **columns)


def complete(row: Leased, **columns: Any) -> None:
    """End the claim and set the columns of its outcome.

    Inside a transaction, LeaseLost undoes with it what was made for the row.

    Raises LeaseLost.
    """
    _change(row, lease_until=None, **columns)


def retry_later(
    row: Queued, *, at: datetime, backoff: Backoff, count: int | None = None, **columns: Any
) -> None:
    """End the claim and make the row due again after a wait that grows with its failures.

    Every attempt counts as a failure unless `count` names the number of failures in a row.

    Raises LeaseLost.
    """
    wait = backoff.wait_after(row.attempt if count is None else count)
    _change(row, lease_until=None, due_at=at + wait, **columns)


def return_to_queue(
    row: Queued, *, at: datetime, backoff: Backoff, count: int | None = None, **columns: Any
) -> bool:
    """End the claim after an error of any kind, as `retry_later` does. Return whether it was ours.

    It never raises: while the database is away, the lease runs out instead.
    """
    transactions.release_connections()
    try:
        retry_later(row, at=at, backoff=backoff, count=count, **columns)
    except (LeaseLost, Error):
        return False
    return True


def lease_lost(row: Leased) -> LeaseLost:
    """Return the error for a row that this worker does not hold, or no longer."""
    name = str(row._meta.verbose_name)
    return LeaseLost(f"This {name} is not ours any more.", facts={"row": row.pk})


def _change(row: Leased, **columns: Any) -> None:
    if not select_held(row).update(**columns):
        raise lease_lost(row)

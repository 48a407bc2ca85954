"""Leases: one worker a row at a time, under races, late holders and crashes.

They are tested here once for all queues, on errands of the log's attestation, which have no rule of
their own about their columns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import close_old_connections, connection, transaction
from django.db.models import F, QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import leases
from core.leases import Backoff, LeaseLost
from tests.conftest import NOON
from transparency_log.models import AttestationTask

LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
BACKOFF = Backoff(first=timedelta(seconds=15), longest=timedelta(hours=1))
WORKERS = 12

R = TypeVar("R")


def plan_rows(number: int) -> QuerySet[AttestationTask]:
    AttestationTask.objects.bulk_create(
        AttestationTask(kind="witness", target="w", organisation_id="org_a", origin=f"log {n:03}")
        for n in range(number)
    )
    return AttestationTask.objects.order_by("origin")


def claim(rows: QuerySet[AttestationTask], after: timedelta = timedelta(0)) -> AttestationTask:
    """The next free row, which is there."""
    row = leases.claim(rows, at=NOON + after, lease=LEASE)
    assert row is not None
    return row


def run_together(number: int, work: Callable[[int], R]) -> list[R]:
    """Run the work in threads that start at one moment, each with its own connection."""
    gate = threading.Barrier(number)

    def run(n: int) -> R:
        close_old_connections()
        try:
            gate.wait(timeout=30)
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.django_db
class TestClaim:
    def test_takes_the_first_free_row(self) -> None:
        rows = plan_rows(3)

        assert [claim(rows).origin for _ in range(3)] == ["log 000", "log 001", "log 002"]
        assert leases.claim(rows, at=NOON, lease=LEASE) is None

    def test_sets_the_lease_and_the_columns_and_raises_the_number(self) -> None:
        rows = plan_rows(1)

        row = leases.claim(rows, at=NOON, lease=LEASE, size=7)

        assert row is not None
        assert (row.attempt, row.lease_until, row.size) == (1, NOON + LEASE, 7)
        row.refresh_from_db()
        assert (row.attempt, row.lease_until, row.size) == (1, NOON + LEASE, 7)

    @pytest.mark.parametrize(("after", "taken"), [(timedelta(0), True), (-SECOND, False)])
    def test_takes_a_row_over_exactly_when_its_lease_is_over(
        self, after: timedelta, *, taken: bool
    ) -> None:
        rows = plan_rows(1)
        claim(rows)

        assert (leases.claim(rows, at=NOON + LEASE + after, lease=LEASE) is not None) is taken

    @pytest.mark.parametrize(("after", "taken"), [(timedelta(0), True), (-SECOND, False)])
    def test_takes_a_row_exactly_when_it_is_due(self, after: timedelta, *, taken: bool) -> None:
        rows = plan_rows(1)
        rows.update(due_at=NOON)

        assert (leases.claim(rows, at=NOON + after, lease=LEASE) is not None) is taken


@pytest.mark.django_db
class TestTheHolder:
    def test_completes_once(self) -> None:
        row = claim(plan_rows(1))
        leases.complete(row, size=7)

        with pytest.raises(LeaseLost) as lost:
            leases.complete(row, size=8)

        row.refresh_from_db()
        assert (row.size, row.lease_until, lost.value.facts) == (7, None, {"row": row.pk})

    def test_that_is_late_may_settle_while_no_one_else_has_the_row(self) -> None:
        row = claim(plan_rows(1))  # and works for longer than its lease

        leases.complete(row, size=7)

        assert AttestationTask.objects.get().size == 7

    @pytest.mark.parametrize("settle", ["complete", "retry_later", "renew"])
    def test_that_was_replaced_changes_nothing(self, settle: str) -> None:
        rows = plan_rows(1)
        late, holder = claim(rows), claim(rows, LEASE)
        ways: dict[str, Callable[[], None]] = {
            "complete": lambda: leases.complete(late, size=7),
            "retry_later": lambda: leases.retry_later(late, at=NOON, backoff=BACKOFF, size=7),
            "renew": lambda: leases.renew(late, at=NOON, lease=LEASE, size=7),
        }

        with pytest.raises(LeaseLost):
            ways[settle]()

        assert not leases.select_held(late).exists()
        assert leases.select_held(holder).exists()
        row = AttestationTask.objects.get()
        assert (row.attempt, row.size, row.lease_until) == (2, 0, NOON + 2 * LEASE)

    def test_renews_its_lease(self) -> None:
        rows = plan_rows(1)
        row = claim(rows)

        leases.renew(row, at=NOON + LEASE - SECOND, lease=LEASE)

        assert leases.claim(rows, at=NOON + 2 * LEASE - 2 * SECOND, lease=LEASE) is None
        assert claim(rows, 2 * LEASE - SECOND).attempt == 2

    def test_whose_row_was_cancelled_or_deleted_settles_nothing(self) -> None:
        rows = plan_rows(2)
        cancelled, deleted = claim(rows), claim(rows)
        rows.filter(pk=cancelled.pk).update(lease_until=None)
        rows.filter(pk=deleted.pk).delete()

        for row in (cancelled, deleted):
            with pytest.raises(LeaseLost):
                leases.complete(row, size=7)
        assert rows.get().size == 0

    def test_undoes_what_it_made_when_it_lost_the_row(self) -> None:
        rows = plan_rows(1)
        late = claim(rows)
        claim(rows, LEASE)

        with pytest.raises(LeaseLost), transaction.atomic():
            AttestationTask.objects.create(
                kind="copy", target="c", organisation_id="org_a", origin="made for it"
            )
            leases.complete(late)

        assert not AttestationTask.objects.filter(origin="made for it").exists()


class TestBackoff:
    def test_grows_and_is_capped(self) -> None:
        waits = [BACKOFF.wait_after(n).total_seconds() for n in range(1, 12)]

        assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]

    # A busy machine is no reason to fail: three numbers are drawn, and nothing waits.
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(-5, 10**9), st.integers(1, 10**6), st.integers(1, 10**6))
    def test_is_never_shorter_than_the_first_nor_longer_than_the_cap(
        self, failures: int, first: int, more: int
    ) -> None:
        backoff = Backoff(first=first * SECOND, longest=(first + more) * SECOND)

        assert backoff.first <= backoff.wait_after(failures) <= backoff.longest

    @pytest.mark.django_db
    def test_counts_attempts_unless_failures_are_counted_apart(self) -> None:
        rows, waits = plan_rows(1), list[float]()
        after = timedelta(0)
        for _ in range(3):
            row = claim(rows, after)
            leases.retry_later(row, at=NOON + after, backoff=BACKOFF)
            due = AttestationTask.objects.get().due_at
            assert due is not None
            waits.append((due - NOON - after).total_seconds())
            assert leases.claim(rows, at=due - SECOND, lease=LEASE) is None
            after = due - NOON
        row = claim(rows, after)
        leases.retry_later(
            row, at=NOON, backoff=BACKOFF, count=1, failures=F("failures") + 1, code="away"
        )

        row.refresh_from_db()
        assert waits == [15, 30, 60]
        assert (row.due_at, row.failures, row.lease_until) == (NOON + 15 * SECOND, 1, None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_many_workers_never_claim_one_row_twice(self) -> None:
        rows = plan_rows(40)

        def take_all(_worker: int) -> list[tuple[int, int]]:
            taken = []
            while (row := leases.claim(rows, at=NOON, lease=LEASE)) is not None:
                taken.append((row.pk, row.attempt))
            return taken

        taken = [claim for each in run_together(WORKERS, take_all) for claim in each]

        assert sorted(taken) == [(pk, 1) for pk in sorted(rows.values_list("pk", flat=True))]

    def test_one_of_many_takes_over_from_a_worker_that_died(self) -> None:
        rows = plan_rows(1)
        claim(rows)  # and never comes back

        found = run_together(WORKERS, lambda _n: leases.claim(rows, at=NOON + LEASE, lease=LEASE))

        assert [row.attempt for row in found if row is not None] == [2]

    def test_each_attempt_is_settled_by_one_worker(self) -> None:
        """Every worker works for longer than its lease: all of them hold the row in turn."""
        rows, turns = plan_rows(1), iter(range(WORKERS * 100))
        lock = threading.Lock()

        def work(_worker: int) -> list[int]:
            won = []
            for _ in range(20):
                with lock:
                    turn = next(turns)
                row = leases.claim(rows, at=NOON + turn * LEASE, lease=LEASE)
                if row is None:
                    continue
                try:
                    leases.complete(row, size=F("size") + 1)
                except LeaseLost:
                    continue
                won.append(row.attempt)
            return won

        won = [attempt for each in run_together(WORKERS, work) for attempt in each]

        row = rows.get()
        assert len(won) == len(set(won)) == row.size
        assert row.size <= row.attempt

    def test_a_late_holder_and_a_new_one_cannot_both_settle(self) -> None:
        rows = plan_rows(20)
        late = [claim(rows) for _ in range(20)]

        def settle(worker: int) -> int:
            settled = 0
            for row in late:
                mine: AttestationTask | None = row
                if worker:
                    again = rows.filter(pk=row.pk)
                    mine = leases.claim(again, at=NOON + LEASE, lease=LEASE)
                try:
                    if mine is not None:
                        leases.complete(mine, size=F("size") + 1, due_at=NOON + 9 * LEASE)
                        settled += 1
                except LeaseLost:
                    pass
            return settled

        counts = run_together(2, settle)

        assert sum(counts) == 20
        assert set(rows.values_list("size", flat=True)) == {1}

    def test_a_crash_between_claim_and_outcome_loses_nothing(self) -> None:
        """The work and its outcome are one transaction: what a crash leaves is a lease."""
        rows = plan_rows(1)

        def crash(_n: int) -> None:
            row = claim(rows)
            with transaction.atomic():
                leases.complete(row, size=7)
                connection.connection.close()  # as when the process is killed

        with pytest.raises(Exception, match="connection is closed"):
            run_together(1, crash)

        row = rows.get()
        assert (row.attempt, row.size, row.lease_until) == (1, 0, NOON + LEASE)
        assert claim(rows, LEASE).attempt == 2

"""Renewal: who works keeps the row, who died or let go does not, and nobody waits for a lock."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from config import service_settings
from core import lease_renewal, leases
from core.leases import Backoff
from tests.conftest import NOON
from tests.core.test_leases import claim, plan_rows
from transparency_log.models import AttestationTask

SECOND = timedelta(seconds=1)
WAIT = 5.0


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew twenty times a second."""
    monkeypatch.setattr(lease_renewal, "EVERY_SECONDS", 0.05)


def get_lease(row: AttestationTask) -> datetime | None:
    return AttestationTask.objects.get(pk=row.pk).lease_until


def wait_for_lease(row: AttestationTask, until: datetime) -> bool:
    """Return whether the row's lease becomes this one in time."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if get_lease(row) == until:
            return True
        time.sleep(0.02)
    return False


def test_what_a_dead_worker_held_goes_on_within_half_a_minute() -> None:
    """The lease runs out, and then the next round of the sweep finds the row."""
    assert service_settings.SAYSO_LEASE_SECONDS + service_settings.SAYSO_SWEEP_SECONDS <= 30


@pytest.mark.django_db(transaction=True)
class TestARowInHand:
    def test_is_renewed_until_it_is_let_go(self) -> None:
        row = claim(plan_rows(1))
        moments = [NOON + 100 * SECOND]

        with lease_renewal.keep_leases(leases.select_held(row), now=lambda: moments[-1]):
            assert wait_for_lease(row, moments[-1] + leases.LEASE)
        moments.append(NOON + 200 * SECOND)
        time.sleep(0.3)

        assert get_lease(row) == NOON + 100 * SECOND + leases.LEASE

    def test_is_not_renewed_once_it_is_settled_or_another_s(self) -> None:
        rows = plan_rows(2)
        settled, taken = claim(rows), claim(rows)
        leases.complete(settled)
        other = leases.claim(rows.filter(pk=taken.pk), at=NOON + timedelta(hours=1))
        assert other is not None

        with (
            lease_renewal.keep_leases(leases.select_held(settled), now=lambda: NOON),
            lease_renewal.keep_leases(leases.select_held(taken), now=lambda: NOON),
        ):
            time.sleep(0.3)

        assert (get_lease(settled), get_lease(taken)) == (None, other.lease_until)

    @pytest.mark.postgres
    def test_that_is_locked_holds_up_no_other(self) -> None:
        rows = plan_rows(2)
        locked, free = claim(rows), claim(rows)
        begun, over = threading.Event(), threading.Event()

        def hold_lock() -> None:
            with transaction.atomic():
                AttestationTask.objects.select_for_update().get(pk=locked.pk)
                begun.set()
                over.wait(WAIT)
            transaction.get_connection().close()

        holder = threading.Thread(target=hold_lock)
        holder.start()
        try:
            assert begun.wait(WAIT)
            with (
                lease_renewal.keep_leases(leases.select_held(locked), now=lambda: NOON),
                lease_renewal.keep_leases(leases.select_held(free), now=lambda: NOON),
            ):
                assert wait_for_lease(free, NOON + leases.LEASE)
        finally:
            over.set()
            holder.join()

    def test_is_not_the_child_s_of_a_fork(self) -> None:
        row = claim(plan_rows(1))

        with lease_renewal.keep_leases(leases.select_held(row), now=lambda: NOON):
            child = os.fork()
            if child == 0:
                os._exit(len(lease_renewal._keeper._held))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class TestTheThread:
    def test_outlives_a_database_that_cannot_be_asked(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Here every query is an error, the closing of the connection included."""
        with lease_renewal.keep_leases(AttestationTask.objects.all(), now=lambda: NOON):
            ends = time.monotonic() + WAIT
            while len(caplog.records) < 2 and time.monotonic() < ends:
                time.sleep(0.02)

        assert {record.message for record in caplog.records} == {"lease not renewed"}
        assert len(caplog.records) >= 2


@pytest.mark.django_db
class TestGivingBack:
    def test_makes_it_due_again_and_never_raises(self) -> None:
        rows, backoff = plan_rows(1), Backoff(first=15 * SECOND, longest=60 * SECOND)
        row = claim(rows)

        assert leases.return_to_queue(row, at=NOON, backoff=backoff)
        assert not leases.return_to_queue(row, at=NOON, backoff=backoff)

        assert (get_lease(row), AttestationTask.objects.get().due_at) == (None, NOON + 15 * SECOND)

"""The test clock, which lets an organisation's test data live in the future."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from accounts import domain_events
from accounts.models import Organisation
from core import clock, transactions
from core.durations import Duration
from core.errors import Fault, Invalid

FURTHEST: Final = Duration(months=25 * 12)
"""How far the test clock may run ahead. A consent lasts ten years at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """Where a test clock stands, beside the real time and the latest time it may be moved to."""

    now: datetime
    real_time: datetime
    latest: datetime


def now_for(organisation: Organisation, *, livemode: bool, wall_time: datetime) -> datetime:
    """Return the time of this organisation's test or live data at `wall_time`.

    Live data always has the wall time.
    """
    return wall_time if livemode else wall_time + organisation.test_clock_ahead


def compute_wall_time(organisation: Organisation, *, livemode: bool, at: datetime) -> datetime:
    """Return the wall time at which this organisation's test or live data lives at `at`.

    This is the inverse of `now_for`.
    """
    return at if livemode else at - organisation.test_clock_ahead


def read_test_clock(organisation: Organisation, *, wall_time: datetime) -> ClockReading:
    """Return where the organisation's test clock stands."""
    return ClockReading(
        now=now_for(organisation, livemode=False, wall_time=wall_time),
        real_time=wall_time,
        latest=FURTHEST.after(wall_time),
    )


@transactions.opens_transaction
def advance_test_clock(
    *, organisation: Organisation, duration: Duration, actor: str, wall_time: datetime
) -> datetime:
    """Move the organisation's test clock forward by a calendar duration, and return its new time.

    Raises Invalid when it would run further ahead than `FURTHEST`.
    """
    row = Organisation.objects.select_for_update().get(id=organisation.id)
    now = now_for(row, livemode=False, wall_time=wall_time)
    later = duration.after(now)
    latest = FURTHEST.after(wall_time)
    if later > latest:
        detail = (
            "The test clock goes no further than 25 years ahead: until "
            f"{clock.to_rfc3339(latest)}. `DELETE /v1/test/clock` sets it back to the real time."
        )
        raise Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr="advance"),))

    _set_clock(organisation, later, "clock.advanced", actor=actor, wall_time=wall_time)
    return later


@transactions.opens_transaction
def reset_test_clock(*, organisation: Organisation, actor: str, wall_time: datetime) -> datetime:
    """Set the organisation's test clock back to the real time, and return it.

    What was made ahead of it keeps its times, which lie in the future then.
    """
    row = Organisation.objects.select_for_update().get(id=organisation.id)
    if row.test_clock_ms:
        _set_clock(organisation, wall_time, "clock.reset", actor=actor, wall_time=wall_time)
    return wall_time


def _set_clock(
    organisation: Organisation,
    now: datetime,
    kind: Literal["clock.advanced", "clock.reset"],
    *,
    actor: str,
    wall_time: datetime,
) -> None:
    """Set the clock, and log it as the last statement."""
    Organisation.objects.filter(id=organisation.id).update(
        test_clock_ms=clock.to_millis(now) - clock.to_millis(wall_time)
    )
    organisation.refresh_from_db(fields=["test_clock_ms"])
    domain_events.emit_event(
        domain_events.DomainEvent(
            kind=kind,
            organisation_id=organisation.id,
            livemode=False,
            at=now,
            actor=actor,
            refs={},
            facts={"now": clock.to_rfc3339(now)},
        )
    )

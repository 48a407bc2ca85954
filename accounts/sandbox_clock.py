"""The test clock, which lets an organisation's test data live in the future."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Organisation


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

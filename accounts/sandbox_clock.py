"""The test clock, which lets an organisation's test data live in the future."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Organisation


def now_for(organisation: Organisation, *, livemode: bool, real: datetime) -> datetime:
    """Return the time of this organisation's test or live data at the real time `real`.

    Live data always has the real time.
    """
    return real if livemode else real + organisation.test_clock_ahead


def real_of(organisation: Organisation, *, livemode: bool, here: datetime) -> datetime:
    """Return the real time at which this organisation's test or live data lives at `here`.

    This is the inverse of `now_for`.
    """
    return here if livemode else here - organisation.test_clock_ahead

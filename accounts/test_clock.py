"""The test clock: an organisation's test data may live in the future; live data always lives
now.
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import Organisation


def now_for(organisation: Organisation, *, livemode: bool, real: datetime) -> datetime:
    """Give the time at which this organisation's test or live data lives when the real time is
    `real`.
    """
    return real if livemode else real + organisation.test_clock_ahead


def real_of(organisation: Organisation, *, livemode: bool, here: datetime) -> datetime:
    """Give the real time when this organisation's test or live data lives at `here`: `now_for` the
    other way round.
    """
    return here if livemode else here - organisation.test_clock_ahead

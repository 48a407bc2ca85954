"""The test clock: an organisation's test data may live in the future; live data always lives now."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Organisation


def now_for(organisation: Organisation, *, livemode: bool, real: datetime) -> datetime:
    """Give the time at which this organisation's test or live data lives when the real time is `real`."""
    return real if livemode else real + organisation.test_clock_ahead

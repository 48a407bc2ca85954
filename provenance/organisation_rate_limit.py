"""A rate limit for the sound that one organisation has searched, whichever of its keys asks.

Its keys have limits of calls. The work that a file makes grows with its sound, so that is counted
beside them, as it is for strangers (`provenance.anonymous_rate_limit`).
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from accounts import rate_limits
from core.errors import RateLimited

SECONDS_A_MINUTE: Final = 12_000
"""Seconds of sound that are searched for one organisation in a minute: forty of the longest
files, which is more than one process can search in that time.
"""


def count_organisation_seconds(organisation_id: str, seconds: float, *, at: datetime) -> None:
    """Count `seconds` of sound that an organisation sent to be searched.

    Raises RateLimited when those before them have used the minute up.
    """
    units = max(1, math.ceil(seconds))

    try:
        rate_limits.count_call(
            f"sound:{organisation_id}", limit=SECONDS_A_MINUTE, at=at, units=units
        )
    except RateLimited as error:
        said = (
            "Too much sound from this organisation: "
            f"{SECONDS_A_MINUTE} seconds a minute are searched."
        )
        raise RateLimited(said, retry_after=error.retry_after, facts=error.facts) from error

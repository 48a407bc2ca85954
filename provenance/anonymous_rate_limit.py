"""A rate limit for requests without a key, by address, which stores no address."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from django.conf import settings

from accounts import rate_limits
from core.errors import RateLimited

A_MINUTE: Final = 30


def count_request(
    address: str, *, at: datetime, kind: str = "verify", limit: int = A_MINUTE
) -> None:
    """Count a request of the kind `kind` from this address.

    Raises RateLimited after `limit` requests in a minute (30).
    """
    # The counter is one of 65,536, chosen by a keyed hash with another key each day. So there is
    # never a list of addresses, and the number of counters is bounded.
    daily = hmac.digest(
        settings.SECRET_KEY.encode(), f"{kind}|{at.date().isoformat()}".encode(), "sha256"
    )
    bucket = hmac.digest(daily, address.encode(), "sha256")[:2].hex()

    try:
        rate_limits.count_call(f"{kind}:{bucket}", limit=limit, at=at)
    except RateLimited as error:
        said = f"Too many questions from this address: {limit} a minute are answered."
        raise RateLimited(said, retry_after=error.retry_after, facts=error.facts) from error

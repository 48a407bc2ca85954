"""A rate limit for requests without a key, by address, which stores no address.

Questions are counted, and so are the seconds of sound that they bring: the work that a file makes
grows with its sound, not with its bytes.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from datetime import datetime
from typing import Final

from django.conf import settings

from accounts import rate_limits
from core.errors import RateLimited

A_MINUTE: Final = 30
SECONDS_A_MINUTE: Final = 1_200
"""Seconds of sound that are searched for one address in a minute: four of the longest files."""
_SOUND: Final = "sound"


def count_request(
    address: str, *, at: datetime, kind: str = "verify", limit: int = A_MINUTE
) -> None:
    """Count a request of the kind `kind` from this address.

    Raises RateLimited after `limit` requests in a minute (30).
    """
    said = f"Too many questions from this address: {limit} a minute are answered."
    _count(address, kind, 1, limit=limit, at=at, said=said)


def count_seconds(address: str, seconds: float, *, at: datetime) -> None:
    """Count `seconds` of sound from this address, whichever way they came.

    Raises RateLimited when those before them have used the minute up.
    """
    said = f"Too much sound from this address: {SECONDS_A_MINUTE} seconds a minute are searched."
    units = max(1, math.ceil(seconds))
    _count(address, _SOUND, units, limit=SECONDS_A_MINUTE, at=at, said=said)


def mask_to_network(address: str) -> str:
    """Return what is counted of an address: an IPv4 address whole, of IPv6 the first 64 bits.

    Who has one address of IPv6 has all that begin so (RFC 6177).
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address

    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)

    return str(ipaddress.ip_network((found, 64), strict=False))


def _count(address: str, kind: str, units: int, *, limit: int, at: datetime, said: str) -> None:
    # The counter is one of 65,536, chosen by a keyed hash with another key each day. So there is
    # never a list of addresses, and the number of counters is bounded.
    daily = hmac.digest(
        settings.SECRET_KEY.encode(), f"{kind}|{at.date().isoformat()}".encode(), "sha256"
    )
    bucket = hmac.digest(daily, mask_to_network(address).encode(), "sha256")[:2].hex()

    try:
        rate_limits.count_call(f"{kind}:{bucket}", limit=limit, at=at, units=units)
    except RateLimited as error:
        raise RateLimited(said, retry_after=error.retry_after, facts=error.facts) from error

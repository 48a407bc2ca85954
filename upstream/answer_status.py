"""What the status of a provider's answer means for the call.

Nothing of the answer's text gets into an error: it may quote the request, or the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from upstream.upstream_errors import ProviderAccountRefused, ProviderRefused, ProviderUnavailable

LONGEST_RETRY: Final = 600
"""Seconds. A provider does not decide that an account rests for longer."""
ACCOUNT_RETRY: Final = 60

_ACCOUNT: Final = frozenset({401, 402, 403})
_PASSING: Final = frozenset({408, 425, 429})
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def check_status(status: int, headers: Mapping[str, str], *, taken: frozenset[int]) -> None:
    """Raise the error that the status stands for. Header names are in lower case.

    A redirect is refused, because it leads to where no one has judged the address.

    Raises ProviderAccountRefused, ProviderUnavailable and ProviderRefused, with `provider_status`
    in their facts.
    """
    if 200 <= status < 300 or status in taken:
        return
    if status in _ACCOUNT:
        raise ProviderAccountRefused(
            "The provider does not accept this account.",
            retry_after=ACCOUNT_RETRY,
            facts={"provider_status": status},
        )
    if status in _PASSING or status >= 500:
        raise ProviderUnavailable(
            "The provider cannot do this now.",
            retry_after=read_retry_after(headers),
            facts={"provider_status": status},
        )

    raise ProviderRefused("The provider refused the request.", facts={"provider_status": status})


def read_retry_after(headers: Mapping[str, str]) -> int | None:
    """Return the seconds of `Retry-After` within 1 and 600, or None where it says nothing.

    A date is measured from the answer's own `Date`, so no clock of ours comes into it.
    """
    told = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(told):
        return min(max(int(told), 1), LONGEST_RETRY)

    try:
        wait = parsedate_to_datetime(told) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(int(wait.total_seconds()), 1), LONGEST_RETRY)

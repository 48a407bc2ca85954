"""Fresh proof of who a member is, which acts that cannot be undone ask for."""

from __future__ import annotations

import time
from typing import Final

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest

SECONDS: Final = 600


def is_fresh(request: HttpRequest) -> bool:
    """Return whether this session saw a password, a code or a key of the member in the last ten
    minutes.
    """
    records = get_authentication_records(request, request.user)
    return any(0 <= time.time() - record["at"] < SECONDS for record in records)


def demand_recent_login(request: HttpRequest) -> None:
    """Check that the proof is fresh.

    Raises ReauthenticationRequired, which leads to the page that asks for it.
    """
    if not is_fresh(request):
        raise ReauthenticationRequired

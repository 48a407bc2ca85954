"""How long ago a member proved who they are. What cannot be undone asks again."""

from __future__ import annotations

import time
from typing import Final

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest

SECONDS: Final = 600


def is_fresh(request: HttpRequest) -> bool:
    """Say whether this session saw a password, a code or a key of this member within ten
    minutes.
    """
    records = get_authentication_records(request, request.user)
    return any(0 <= time.time() - record["at"] < SECONDS for record in records)


def demand_recent_login(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired, which leads to the page that asks, unless the proof is
    fresh.
    """
    if not is_fresh(request):
        raise ReauthenticationRequired

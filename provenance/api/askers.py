"""Who asks a route that is open to all: a caller with a key, or a stranger at an address."""

from __future__ import annotations

from rest_framework.request import Request

from accounts.authentication import Caller, get_admission
from core import clock
from provenance import anonymous_rate_limit


def identify_asker(request: Request, *, kind: str) -> tuple[str, str]:
    """Return the organisation of the caller's key and an empty address, or the reverse.

    A stranger is counted under `kind`, unless the edge did before it read the body. A key was
    counted with its authentication.

    Raises RateLimited.
    """
    if isinstance(request.user, Caller):
        return request.user.organisation_id, ""

    address = str(request.META.get("REMOTE_ADDR", ""))
    if not get_admission(request).address_counted:
        anonymous_rate_limit.count_request(address, at=clock.now(), kind=kind)
    return "", address

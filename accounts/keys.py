"""Who a secret belongs to: from the text of an API key to the key's row, or a refusal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from accounts import secrets
from accounts.models import ApiKey
from core.errors import Unauthenticated

_EVERY: Final = timedelta(minutes=1)


class KeyExpired(Unauthenticated):
    """The key, or the older of its two secrets, is past its end."""

    code = "key_expired"


def authenticate(secret: str, *, at: datetime) -> ApiKey:
    """Give the key that this secret opens at `at` (the real time), its organisation loaded.

    Raises Unauthenticated (one answer for unknown, mistyped and disabled) or KeyExpired.
    """
    key = _find(secret) if secrets.is_well_formed(secret) else None
    if key is None or key.disabled_at is not None:
        raise Unauthenticated("This API key is not known.")
    ends = [key.expires_at]
    if key.secret_sha256 != secrets.digest(secret):
        ends.append(key.previous_until)
    if any(end is not None and end <= at for end in ends):
        raise KeyExpired("This API key has expired.")
    return key


def note_use(key: ApiKey, *, at: datetime) -> None:
    """Remember that the key is in use, with at most one UPDATE a minute however many calls come in."""
    if key.last_used_at is not None and key.last_used_at > at - _EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - _EVERY)
    ApiKey.objects.filter(stale, id=key.id).update(last_used_at=at)


def _find(secret: str) -> ApiKey | None:
    digest = secrets.digest(secret)
    rows = ApiKey.objects.select_related("organisation")
    return rows.filter(Q(secret_sha256=digest) | Q(previous_sha256=digest)).first()

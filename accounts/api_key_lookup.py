"""Look-up of API keys: from a secret to the key's row, and whether a key may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from accounts import api_key_format
from accounts.models import ApiKey
from accounts.sandbox_clock import compute_wall_time
from core import ids
from core.compiled_queries import CompiledQuery
from core.errors import Refused, Unauthenticated

_EVERY: Final = timedelta(minutes=1)
_BY_DIGESTS: Final = CompiledQuery(
    lambda now, before: ApiKey.objects.select_related("organisation").filter(
        Q(secret_sha256=now) | Q(previous_sha256=before)
    ),
    texts=2,
)
_LOOKED_AT: Final = (
    "livemode", "scopes", "disabled_at", "expires_at", "keeps_jobs", "organisation__test_clock_ms",
)  # fmt: skip
"""The columns that `find_ended_keys` reads, twenty times a second while speech is streamed."""
_BY_ID: Final = CompiledQuery(
    lambda key_id: (
        ApiKey.objects.select_related("organisation").only(*_LOOKED_AT).filter(id=key_id)
    ),
    texts=1,
)


class KeyEnded(Refused):
    """The API key that asked was disabled, has expired, or may not do this any more."""

    code = "key_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Work that runs for an actor.

    `ref` names the work, `scope` is what a key needs for it, and `at` is the time of its data.
    """

    ref: str
    actor: str
    scope: str | None
    at: datetime


class KeyExpired(Unauthenticated):
    """The key, or the older of its two secrets, is past its end."""

    code = "key_expired"


def authenticate_key(secret: str, *, at: datetime) -> ApiKey:
    """Return the key that this secret opens at the real time `at`, with its organisation loaded.

    Raises Unauthenticated, with one text for unknown, mistyped and disabled keys, or KeyExpired.
    """
    key = _find_key(secret) if api_key_format.is_well_formed(secret) else None
    if key is None or key.disabled_at is not None:
        raise Unauthenticated("This API key is not known.")

    ends = [key.expires_at]
    if key.secret_sha256 != api_key_format.hash_api_key(secret):
        ends.append(key.previous_until)
    if any(end is not None and end <= at for end in ends):
        raise KeyExpired("This API key has expired.")

    return key


def find_ended_keys(uses: Iterable[Use]) -> dict[str, KeyEnded]:
    """Return why uses may not go on, by their `ref`, with one query for all of them.

    The work of actors that are no keys goes on. So does everything that a key with `keeps_jobs` has
    begun.
    """
    asked = [(use, use.actor.removeprefix("key:")) for use in uses if use.actor.startswith("key:")]
    wanted = {key_id for _, key_id in asked if ids.is_id(key_id, "key")}
    if not wanted:
        return {}

    found = _find_keys(wanted)
    ended = {
        use.ref: _describe_ending(use, found.get(key_id))
        for use, key_id in asked
        if key_id in wanted
    }

    return {ref: KeyEnded(detail) for ref, detail in ended.items() if detail}


def _find_keys(wanted: set[str]) -> dict[str, ApiKey]:
    if len(wanted) > 1:
        return ApiKey.objects.select_related("organisation").only(*_LOOKED_AT).in_bulk(wanted)

    return {key.id: key for key in _BY_ID.find_all(*wanted)}


def _describe_ending(use: Use, key: ApiKey | None) -> str:
    if key is None:
        return "The API key of this call is gone."
    if key.keeps_jobs:
        return ""
    if key.disabled_at is not None:
        return "The API key of this call was disabled."

    if key.expires_at is not None and key.expires_at <= compute_wall_time(
        key.organisation, livemode=key.livemode, at=use.at
    ):
        return "The API key of this call has expired."

    if use.scope is not None and use.scope not in key.scopes:
        return "The API key of this call may not do that any more."

    return ""


def note_use(key: ApiKey, *, at: datetime) -> None:
    """Store that the key is in use, with at most one UPDATE a minute."""
    if key.last_used_at is not None and key.last_used_at > at - _EVERY:
        return

    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - _EVERY)
    ApiKey.objects.filter(stale, id=key.id).update(last_used_at=at)


def _find_key(secret: str) -> ApiKey | None:
    digest = api_key_format.hash_api_key(secret)
    return _BY_DIGESTS.find_first(digest, digest)

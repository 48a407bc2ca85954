"""Quota: reserved before the work, spent or released after it.

Each change is one conditional UPDATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from consent.models import Decision, Grant, GrantUsage, Reservation
from consent.policy import grant_scope
from core import transactions
from core.canonical_json import Json


def compute_remaining_quota(
    scope: Mapping[str, Json], usage: GrantUsage | None
) -> dict[str, int | None]:
    """Return what is left of a scope's quota after use and reservations, None without a limit."""
    limit = grant_scope.get_quota_limits(scope)
    if usage is None:
        return limit

    taken = {
        "characters": usage.used_characters + usage.held_characters,
        "milliseconds": usage.used_milliseconds,
        "clips": usage.used_clips + usage.held_clips,
    }

    return {name: None if most is None else most - taken[name] for name, most in limit.items()}


def load_usages(grants: list[Grant], at: datetime) -> dict[str, GrantUsage]:
    """Return the usage rows of these grants for the windows that contain `at`, by grant id."""
    windows = {
        grant.id: grant_scope.name_quota_window(grant_scope.get_quota_period(grant.scope), at)
        for grant in grants
    }
    rows = GrantUsage.objects.filter(grant__in=grants, window__in=set(windows.values()))

    return {row.grant_id: row for row in rows if row.window == windows[row.grant_id]}


@transactions.requires_transaction
def reserve_quota(
    grant: Grant, usage: GrantUsage | None, *, characters: int, clips: int, at: datetime
) -> GrantUsage | None:
    """Reserve an amount and return its usage row, or None if it does not fit.

    `usage` is the row of the window that contains `at`, if there is one yet. The UPDATE is
    conditional, so two callers never get the same remainder.
    """
    if usage is None:
        window = grant_scope.name_quota_window(grant_scope.get_quota_period(grant.scope), at)
        usage, _ = GrantUsage.objects.get_or_create(grant=grant, window=window)

    limit = grant_scope.get_quota_limits(grant.scope)
    room: dict[str, Any] = {}
    if (most := limit["characters"]) is not None:
        room["used_characters__lte"] = most - characters - F("held_characters")
    if (most := limit["clips"]) is not None:
        room["used_clips__lte"] = most - clips - F("held_clips")
    if (most := limit["milliseconds"]) is not None and clips:
        room["used_milliseconds__lt"] = most

    fitted = GrantUsage.objects.filter(id=usage.id, **room).update(
        held_characters=F("held_characters") + characters, held_clips=F("held_clips") + clips
    )

    return usage if fitted else None


@transactions.requires_transaction
def create_reservation(
    decision: Decision, usage: GrantUsage, *, characters: int, clips: int, expires_at: datetime
) -> Reservation:
    """Store what an allowed decision reserved, so that it is spent or released exactly once."""
    return Reservation.objects.create(
        decision=decision, usage=usage, characters=characters, clips=clips, expires_at=expires_at
    )


@transactions.requires_transaction
def spend_reservation(
    reservation: Reservation,
    limit: Mapping[str, int | None],
    *,
    characters: int,
    milliseconds: int,
    at: datetime,
) -> bool:
    """Turn a held reservation into the amount really used, within the `limit` of its grant's quota.

    Returns False if the amount does not fit, and if the reservation has expired, whether the sweep
    has released it already or not.
    """
    held = Reservation.objects.filter(
        pk=reservation.pk, state=Reservation.State.HELD, expires_at__gt=at
    )
    if not held.update(state=Reservation.State.COMMITTED):
        return False

    fits = Q(pk=reservation.usage_id)
    if (most := limit["characters"]) is not None and characters > reservation.characters:
        fits &= Q(
            used_characters__lte=most - (characters - reservation.characters) - F("held_characters")
        )
    if (most := limit["milliseconds"]) is not None:
        fits &= Q(used_milliseconds__lte=most - milliseconds)

    return _move_to_used(fits, reservation, characters=characters, milliseconds=milliseconds)


@transactions.requires_transaction
def charge_reservation(reservation: Reservation, *, characters: int, milliseconds: int) -> bool:
    """Turn a held reservation into what was already delivered, even if it does not fit.

    Returns False if it is not held any more.
    """
    held = Reservation.objects.filter(pk=reservation.pk, state=Reservation.State.HELD)
    if not held.update(state=Reservation.State.COMMITTED):
        return False

    return _move_to_used(
        Q(pk=reservation.usage_id), reservation, characters=characters, milliseconds=milliseconds
    )


def _move_to_used(rows: Q, reservation: Reservation, *, characters: int, milliseconds: int) -> bool:
    """Move from reserved to used in the one row that fits. Return False if none does."""
    return bool(
        GrantUsage.objects.filter(rows).update(
            held_characters=F("held_characters") - reservation.characters,
            held_clips=F("held_clips") - reservation.clips,
            used_characters=F("used_characters") + characters,
            used_milliseconds=F("used_milliseconds") + milliseconds,
            used_clips=F("used_clips") + reservation.clips,
        )
    )


@transactions.requires_transaction
def release_reservation(reservation: Reservation) -> bool:
    """Release a held reservation, once. Return False if it was spent or released before."""
    held = Reservation.objects.filter(pk=reservation.pk, state=Reservation.State.HELD)
    if not held.update(state=Reservation.State.RELEASED):
        return False

    GrantUsage.objects.filter(pk=reservation.usage_id).update(
        held_characters=F("held_characters") - reservation.characters,
        held_clips=F("held_clips") - reservation.clips,
    )

    return True

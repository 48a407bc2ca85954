"""What one API key may pass to another key, or to itself: nothing that it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from accounts.authentication import Caller, ScopeMissing
from accounts.models import ApiKey
from core.errors import Fault, Invalid

_USUAL: Final = 600


def demand_for_new(maker: Caller, requested: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new key, checked to be within the powers of its maker.

    Raises ScopeMissing, Invalid.
    """
    _demand_scopes(maker, requested["scopes"])
    _demand_limit(maker, requested.get("calls_per_minute"), had=0)
    _demand_end(maker, requested.get("expires_at"), is_set="expires_at" in requested)

    least = min(_USUAL, maker.calls_per_minute)
    return {"calls_per_minute": least, "expires_at": maker.expires_at, **requested}


def demand_for_change(maker: Caller, key: ApiKey, changes: Mapping[str, Any]) -> None:
    """Check that changes of a key add nothing that the `maker` does not have.

    Raises ScopeMissing, Invalid.
    """
    _demand_scopes(maker, set(changes.get("scopes", ())) - set(key.scopes))
    _demand_limit(maker, changes.get("calls_per_minute"), had=key.calls_per_minute)

    if "expires_at" in changes and changes["expires_at"] != key.expires_at:
        _demand_end(maker, changes["expires_at"], is_set=True)


def demand_for_secret(maker: Caller, key: ApiKey) -> None:
    """Check that the `maker` may hold a secret of this key, and so act with all its powers.

    Raises ScopeMissing, Invalid.
    """
    _demand_scopes(maker, key.scopes)

    if key.id != maker.key_id:
        _demand_limit(maker, key.calls_per_minute, had=0)
        _demand_end(maker, key.expires_at, is_set=True)


def _demand_scopes(maker: Caller, requested: Iterable[str]) -> None:
    if missing := sorted(set(requested) - maker.scopes):
        detail = "A key gives only scopes that it has itself."
        raise ScopeMissing(detail, facts={"required": missing[0]})


def _demand_limit(maker: Caller, requested: int | None, *, had: int) -> None:
    if requested is not None and requested > max(maker.calls_per_minute, had):
        raise _out_of_range(
            "calls_per_minute", "A key gives no more calls a minute than it has itself."
        )


def _demand_end(maker: Caller, requested: datetime | None, *, is_set: bool) -> None:
    if (
        is_set
        and maker.expires_at is not None
        and (requested is None or requested > maker.expires_at)
    ):
        raise _out_of_range("expires_at", "A key gives no longer time than it has itself.")


def _out_of_range(name: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr=name),))

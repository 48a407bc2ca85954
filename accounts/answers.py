"""Stored answers of idempotent calls: kept for a day, forgotten when a person they may speak of is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from accounts.models import StoredAnswer
from core import tx

KEEP: Final = timedelta(hours=24)


def of(organisation_id: str, *, livemode: bool) -> QuerySet[StoredAnswer]:
    """The answers to an organisation's live keys, or to its test keys."""
    return StoredAnswer.objects.filter(api_key__organisation_id=organisation_id, api_key__livemode=livemode)


def settled_before(before: datetime, *, organisation_id: str, livemode: bool) -> QuerySet[StoredAnswer]:
    """Those from before that time whose request is over."""
    mine = of(organisation_id, livemode=livemode).filter(created_at__lt=before)
    return mine.exclude(state=StoredAnswer.State.RUNNING)


@tx.required
def forget(organisation_id: str, *, livemode: bool) -> int:
    """Blank every stored answer to the organisation's live or test keys; give how many. None can be repeated either.

    Which answer speaks of whom cannot be told without opening them, and they live a day only: so all of them go.
    """
    kept = of(organisation_id, livemode=livemode).filter(state=StoredAnswer.State.DONE)
    return kept.update(state=StoredAnswer.State.FORGOTTEN, sealed_body=None, headers={})


@tx.required
def delete(numbers: Sequence[int]) -> int:
    """Delete answers whose request is over; give how many."""
    return StoredAnswer.objects.filter(pk__in=numbers).exclude(state=StoredAnswer.State.RUNNING).delete()[0]


def expire(*, at: datetime) -> int:
    """Delete the answers whose day is over; give how many."""
    deleted, _ = StoredAnswer.objects.filter(created_at__lte=at - KEEP).delete()
    return deleted

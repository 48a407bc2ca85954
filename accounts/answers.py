"""Stored answers of idempotent calls: kept for a day, forgotten when a person they may speak of is erased."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from accounts.models import StoredAnswer
from core import tx

KEEP: Final = timedelta(hours=24)


@tx.required
def forget(organisation_id: str) -> int:
    """Blank every stored answer of the organisation; give how many. Their keys can neither be replayed nor repeated.

    Which answer speaks of whom cannot be told without opening them, and they live a day only: so all of them go.
    """
    kept = StoredAnswer.objects.filter(api_key__organisation_id=organisation_id, state=StoredAnswer.State.DONE)
    return kept.update(state=StoredAnswer.State.FORGOTTEN, sealed_body=None, headers={})


def expire(*, at: datetime) -> int:
    """Delete the answers whose day is over; give how many."""
    deleted, _ = StoredAnswer.objects.filter(created_at__lte=at - KEEP).delete()
    return deleted

"""Stored answers of idempotent calls: kept for a day, and blanked when a person is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from accounts.models import IdempotencyRecord
from core import transactions

KEEP: Final = timedelta(hours=24)


def records_of_organisation(organisation_id: str, *, livemode: bool) -> QuerySet[IdempotencyRecord]:
    """Return the answers to an organisation's live keys, or to its test keys."""
    return IdempotencyRecord.objects.filter(
        api_key__organisation_id=organisation_id, api_key__livemode=livemode
    )


def settled_before(
    before: datetime, *, organisation_id: str, livemode: bool
) -> QuerySet[IdempotencyRecord]:
    """Return the answers from before that time whose request is over."""
    mine = records_of_organisation(organisation_id, livemode=livemode).filter(created_at__lt=before)
    return mine.exclude(state=IdempotencyRecord.State.RUNNING)


@transactions.requires_transaction
def erase_answers_of_organisation(organisation_id: str, *, livemode: bool) -> int:
    """Blank every stored answer to the organisation's live or test keys, and return how many.

    Their requests cannot be repeated either.
    """
    # We cannot see whom an answer is about without opening it, and answers live for a day only. So
    # all of them are blanked.
    kept = records_of_organisation(organisation_id, livemode=livemode).filter(
        state=IdempotencyRecord.State.DONE
    )
    return kept.update(state=IdempotencyRecord.State.FORGOTTEN, sealed_body=None, headers={})


@transactions.requires_transaction
def delete_answers(numbers: Sequence[int]) -> int:
    """Delete the answers with these row `numbers` whose request is over, and return how many."""
    return (
        IdempotencyRecord.objects.filter(pk__in=numbers)
        .exclude(state=IdempotencyRecord.State.RUNNING)
        .delete()[0]
    )


def delete_expired_answers(*, at: datetime) -> int:
    """Delete the answers that are older than a day, and return how many."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lte=at - KEEP).delete()
    return deleted

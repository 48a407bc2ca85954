"""How the items of a job end: delivered, refused, failed, or cancelled for a person, a key or the
caller.

The counters of a job move with its items, in the same transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.api_key_lookup import KeyEnded
from core import leases, transactions
from core.errors import SaysoError
from vault import sealed_notes
from voices.models import SETTLED, Job, JobItem, JobState


def settle_done_item(item: JobItem, *, clip_id: str, decision_id: str, at: datetime) -> None:
    """Settle an item as done inside the transaction that delivers its clip.

    Raises LeaseLost, which undoes all of it.
    """
    leases.complete(
        item,
        state=JobState.DONE,
        sealed_text=None,
        finished_at=at,
        clip_id=clip_id,
        decision_id=decision_id,
    )
    _count_item(item, JobState.DONE, at)


@transaction.atomic
def settle_unserved_item(
    item: JobItem, state: JobState, *, at: datetime, code: str, error: SaysoError | None = None
) -> None:
    """Settle an item that was refused or failed, and store why.

    Raises LeaseLost.
    """
    facts: dict[str, Any] = error.facts if error else {}
    leases.complete(
        item,
        state=state,
        sealed_text=None,
        finished_at=at,
        code=code,
        reasons=facts.get("reasons", []),
        decision_id=facts.get("decision") or "",
    )
    _count_item(item, state, at)


@transaction.atomic
def cancel_items_of_subject(subject: str, *, code: str, at: datetime) -> int:
    """Refuse what still waits or runs for this vault subject, and drop its texts.

    Gives the number of items.
    """
    waiting = (
        JobItem.objects.filter(voice__subject=subject)
        .exclude(state__in=SETTLED)
        .order_by("job_id", "id")
    )
    cancelled = 0
    for item in waiting:
        rows = JobItem.objects.filter(id=item.id).exclude(state__in=SETTLED)
        if rows.update(
            state=JobState.REFUSED, code=code, lease_until=None, sealed_text=None, finished_at=at
        ):
            _count_item(item, JobState.REFUSED, at)
            cancelled += 1
    return cancelled


@transactions.requires_transaction
def erase_items_of_subject(subject: str, *, code: str, at: datetime) -> int:
    """Refuse what waits for this vault subject, and empty all their items and the notes of every
    job they are in.

    Other people's items of such a job go on. Gives the number of items.
    """
    cancel_items_of_subject(subject, code=code, at=at)
    items = JobItem.objects.filter(voice__subject=subject)
    Job.objects.filter(id__in=items.values("job_id")).update(**sealed_notes.NONE)
    return items.update(reasons=[], sealed_reference=None)


@transactions.opens_transaction
def cancel_job(job: Job, *, at: datetime) -> None:
    """Cancel what still waits in `job`, and drop its texts. What runs is carried out.

    A job that is settled stays as it is.
    """
    waiting = JobItem.objects.filter(job=job, state=JobState.QUEUED)
    cancelled = waiting.update(
        state=JobState.CANCELLED, code="cancelled", sealed_text=None, finished_at=at
    )
    if cancelled:
        _count_items(job.id, JobState.CANCELLED, cancelled, at)


@transactions.requires_transaction
def end_items_of_key(key_id: str, *, at: datetime) -> int:
    """Refuse what is queued for an API key that may not speak any more, and drop its texts.

    Gives the number of items.

    What runs already is refused on its delivery, by the gate.
    """
    ended = 0
    for job in Job.objects.filter(actor=f"key:{key_id}").exclude(state__in=SETTLED).order_by("id"):
        waiting = JobItem.objects.filter(job=job, state=JobState.QUEUED)
        refused = waiting.update(
            state=JobState.REFUSED, code=KeyEnded.code, sealed_text=None, finished_at=at
        )
        if refused:
            _count_items(job.id, JobState.REFUSED, refused, at)
        ended += refused
    return ended


def jobs_settled_before(before: datetime, *, organisation_id: str, livemode: bool) -> QuerySet[Job]:
    """Return the jobs of an organisation that were made before `before` and have no item that waits
    or runs.
    """
    mine = Job.objects.filter(organisation_id=organisation_id, livemode=livemode)
    return mine.filter(created_at__lt=before, state__in=SETTLED)


@transactions.requires_transaction
def delete_jobs(job_ids: Sequence[str]) -> int:
    """Delete those of `job_ids` that are settled, with their items, and return how many jobs were
    deleted.
    """
    found = Job.objects.filter(id__in=job_ids, state__in=SETTLED)
    JobItem.objects.filter(job__in=found).delete()
    return found.delete()[0]


def _count_item(item: JobItem, state: JobState, at: datetime) -> None:
    """Move the job's counter and, with its last item, the job.

    The counter's row lock orders workers of one job.
    """
    _count_items(item.job_id, state, 1, at)


def _count_items(job_id: str, state: JobState, items: int, at: datetime) -> None:
    rows = Job.objects.filter(id=job_id)
    rows.update(**{state.value: F(state.value) + items})
    job = rows.get()
    if job.done + job.refused + job.failed + job.cancelled == job.total:
        rows.exclude(state__in=SETTLED).update(state=_decide_job_state(job), finished_at=at)


def _decide_job_state(job: Job) -> JobState:
    """Return the state of a job whose items are all settled.

    It is cancelled when any item was. Else it is done when any item was delivered, failed when any
    failed for a cause other than a refusal, and else refused.
    """
    if job.cancelled:
        return JobState.CANCELLED
    if job.done:
        return JobState.DONE
    return JobState.FAILED if job.failed else JobState.REFUSED

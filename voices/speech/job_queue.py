"""The queue of speech that nobody waits for: claim, carry out, settle.

Rows are the truth; messages only wake.

An item is claimed by a conditional UPDATE that raises its fencing number; only the worker that
holds that number may settle it. Leases, due times and turns are real time; what the rows say to
people is the time of their data.

Organisations take turns, item by item, and so do the jobs of one: nobody's single text waits for
somebody's batch.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.api_key_lookup import KeyEnded
from accounts.principal import Principal
from accounts.sandbox_clock import now_for
from core import transactions
from core.caller_notes import Notes
from core.clock import Clock
from core.errors import Conflict, NotFound, Refused, SaysoError, Unavailable
from provenance.clips.errors import ClipGone
from vault import sealed_notes, sealed_values
from voices.models import SETTLED, Job, JobItem, JobQuerySet, JobState
from voices.providers import registry
from voices.speech import pipeline
from voices.synthesis_requests import Providers, SpeechRequest

logger = logging.getLogger(__name__)

# SAYSO_JOB_LEASE_SECONDS: longer than the longest provider call and marking together, or a slow
# worker would lose its item while it works, and the work be thrown away.
LEASE: Final = timedelta(seconds=settings.SAYSO_JOB_LEASE_SECONDS)
# SAYSO_JOB_AT_ONCE: how many items of one job may be in hand at a time; other workers stay free for
# who comes next. Two that look at the same moment may make it one more, which does no harm.
AT_ONCE: Final[int] = settings.SAYSO_JOB_AT_ONCE
MOST_ATTEMPTS: Final = 8
LONGEST_WAIT: Final = timedelta(minutes=5)


class JobLeaseLost(Conflict):
    """Another worker holds this item by now, or it is settled. What was made for it is thrown
    away.
    """

    code = "job_not_held"


def run_job_items(
    job_id: str, *, real: Clock, providers: Providers = registry.get_provider
) -> None:
    """Work while an item of this job is free, taking whatever has its turn, this job's or
    another's.

    Raises Unavailable when an item has to be tried again later.
    """
    put_off: Unavailable | None = None
    mine = JobItem.objects.filter(job_id=job_id)
    while mine.claimable(real()).exists() and (item := take_turn(at=real())) is not None:
        try:
            _run_item(item, real=real, providers=providers)
        except JobLeaseLost:
            logger.info("job item was taken over", extra={"job": job_id, "position": item.position})
        except Unavailable as unavailable:
            put_off = unavailable
    if put_off is not None:
        raise put_off


def take_turn(*, at: datetime) -> JobItem | None:
    """Take an item of the job whose turn it is, or None when nothing is free or every job has
    enough in hand.
    """
    while (
        job_id := jobs_with_work(at=at).by_turn().values_list("id", flat=True).first()
    ) is not None:
        if (item := claim_item(job_id, at=at)) is not None:
            return item
    return None


def jobs_with_work(*, at: datetime) -> JobQuerySet:
    """The jobs for which a worker is wanted."""
    return Job.objects.with_work(at, at_once=AT_ONCE)


def claim_item(job_id: str, *, at: datetime) -> JobItem | None:
    """Take the next free item of the job, or None, and note its turn.

    Two workers never take the same one.
    """
    free = JobItem.objects.filter(job_id=job_id).claimable(at)
    while (number := free.order_by("position").values_list("id", flat=True).first()) is not None:
        mine = free.filter(id=number).update(
            state=JobState.RUNNING, lease_until=at + LEASE, attempt=F("attempt") + 1
        )
        if mine:
            Job.objects.filter(id=job_id).update(turn_at=at)
            Job.objects.filter(id=job_id, state=JobState.QUEUED).update(state=JobState.RUNNING)
            return JobItem.objects.select_related("job__organisation", "voice").get(id=number)
    return None


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
def purge_items_of_subject(subject: str, *, code: str, at: datetime) -> int:
    """Refuse what waits for this vault subject, and empty all their items and the notes of every
    job they are in.

    Other people's items of such a job go on. Gives the number of items.
    """
    cancel_items_of_subject(subject, code=code, at=at)
    items = JobItem.objects.filter(voice__subject=subject)
    Job.objects.filter(id__in=items.values("job_id")).update(**sealed_notes.NONE)
    return items.update(reasons=[])


def notes_of(job: Job) -> Notes:
    """Open what the caller wrote beside the job; nothing once one of its people has been erased."""
    if job.sealed_notes is None:
        return Notes()
    people = set(JobItem.objects.filter(job=job).values_list("voice__subject", flat=True))
    return sealed_notes.open_notes(job, subjects=people)


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
    """An organisation's jobs from before that time of which nothing waits or runs."""
    mine = Job.objects.filter(organisation_id=organisation_id, livemode=livemode)
    return mine.filter(created_at__lt=before, state__in=SETTLED)


@transactions.requires_transaction
def delete_jobs(job_ids: Sequence[str]) -> int:
    """Delete settled jobs with their items; give how many."""
    found = Job.objects.filter(id__in=job_ids, state__in=SETTLED)
    JobItem.objects.filter(job__in=found).delete()
    return found.delete()[0]


def seal_words(subject: str, job_id: str, position: int, request: SpeechRequest) -> bytes:
    """The caller's words of an item, sealed under the speaker's key until the item is settled."""
    return sealed_values.seal(subject, _item_context(job_id, position), request.to_json())


def _run_item(item: JobItem, *, real: Clock, providers: Providers) -> None:
    job = item.job

    def now() -> datetime:
        return now_for(job.organisation, livemode=job.livemode, real=real())

    if item.attempt > MOST_ATTEMPTS:
        _settle_item(item, JobState.FAILED, at=now(), code="gave_up")
        return
    try:
        pipeline.synthesize_clip(
            _unseal_request(item),
            item.voice,
            principal=Principal(
                organisation_id=job.organisation_id, livemode=job.livemode, actor=job.actor
            ),
            now=now,
            providers=providers,
            settle=lambda clip, decision: settle_done_item(
                item, clip_id=clip, decision_id=decision, at=now()
            ),
        )
    except JobLeaseLost:
        raise
    except Refused as refusal:
        _settle_item(item, JobState.REFUSED, at=now(), code=refusal.stable_code, error=refusal)
    except (Unavailable, ClipGone) as unavailable:
        _postpone_item(item, unavailable, real=real(), at=now())
    except SaysoError as error:
        _settle_item(item, JobState.FAILED, at=now(), code=error.stable_code, error=error)


def settle_done_item(item: JobItem, *, clip_id: str, decision_id: str, at: datetime) -> None:
    """Settle an item as done inside the transaction that delivers its clip.

    Raises NotHeld, which undoes all of it.
    """
    changed = _leased_item(item).update(
        state=JobState.DONE,
        lease_until=None,
        sealed_text=None,
        finished_at=at,
        clip_id=clip_id,
        decision_id=decision_id,
    )
    if changed == 0:
        raise JobLeaseLost("This item is no longer ours.", facts={"job": item.job_id})
    _count_item(item, JobState.DONE, at)


@transaction.atomic
def _settle_item(
    item: JobItem, state: JobState, *, at: datetime, code: str, error: SaysoError | None = None
) -> None:
    facts: dict[str, Any] = error.facts if error else {}
    changed = _leased_item(item).update(
        state=state,
        lease_until=None,
        sealed_text=None,
        finished_at=at,
        code=code,
        reasons=facts.get("reasons", []),
        decision_id=facts.get("decision") or "",
    )
    if changed:
        _count_item(item, state, at)


def _postpone_item(item: JobItem, error: SaysoError, *, real: datetime, at: datetime) -> None:
    """Queue the item again with a growing wait, or give up after the last attempt."""
    if item.attempt >= MOST_ATTEMPTS:
        _settle_item(item, JobState.FAILED, at=at, code=error.stable_code, error=error)
        return
    wait = min(timedelta(seconds=2 ** (item.attempt - 1)), LONGEST_WAIT)
    _leased_item(item).update(state=JobState.QUEUED, lease_until=None, due_at=real + wait)
    raise Unavailable(error.detail, code=error.stable_code)


def _leased_item(item: JobItem) -> QuerySet[JobItem]:
    return JobItem.objects.filter(id=item.id, attempt=item.attempt, state=JobState.RUNNING)


def _count_item(item: JobItem, state: JobState, at: datetime) -> None:
    """Move the job's counter and, with its last item, the job.

    The counter's row lock orders workers of one job.
    """
    _count_items(item.job_id, state, 1, at)


def _count_items(job_id: str, state: JobState, items: int, at: datetime) -> None:
    rows = Job.objects.filter(id=job_id)
    rows.update(**{state.value: F(state.value) + items})
    job = rows.get()
    if job.done + job.refused + job.failed == job.total:
        rows.exclude(state__in=SETTLED).update(state=_decide_job_state(job), finished_at=at)


def _decide_job_state(job: Job) -> JobState:
    """Done when anything was delivered; else refused, unless something failed for another cause."""
    if job.done:
        return JobState.DONE
    return JobState.FAILED if job.failed else JobState.REFUSED


def _unseal_request(item: JobItem) -> SpeechRequest:
    if item.sealed_text is None:
        raise NotFound("The text of this item is gone.", code="text_gone")
    words = sealed_values.unseal(
        item.voice.subject, _item_context(item.job_id, item.position), bytes(item.sealed_text)
    )
    return SpeechRequest.from_json(item.voice_id, cast("dict[str, Any]", words))


def _item_context(job_id: str, position: int) -> str:
    return f"job|{job_id}|{position}"

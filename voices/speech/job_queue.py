"""The queue of speech in the background: decides whose turn it is, claims items and carries them
out.

The rows hold the state. Messages only wake workers.

An item is claimed by a conditional UPDATE that raises its fencing number. Only the worker that
holds that number may settle it. Leases, due times and turns are real time. The times that rows show
to people are those of their data, which may follow a test clock.

Organisations take turns, item by item, and so do the jobs of one organisation: a single text never
waits for a whole batch of another job.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db.models import Case, F, Value, When

from accounts.principal import Principal
from accounts.sandbox_clock import now_for
from core import background_tasks, lease_renewal, leases, transactions
from core.caller_notes import Notes
from core.clock import Clock
from core.errors import NotFound, Refused, SaysoError, Unavailable
from core.leases import Backoff, LeaseLost
from provenance.clips.errors import ClipAlreadySettled
from vault import sealed_notes, sealed_values
from voices.models import Job, JobItem, JobQuerySet, JobState
from voices.models.job import UNSETTLED
from voices.providers import registry
from voices.speech import job_settlement, pipeline
from voices.synthesis_requests import Providers, SpeechRequest

logger = logging.getLogger(__name__)

# SAYSO_JOB_AT_ONCE: how many items of one job may be in hand at a time. Other workers stay free for
# the next job. Two that look at the same moment may make it one more, which does no harm.
AT_ONCE: Final[int] = settings.SAYSO_JOB_AT_ONCE
MOST_ATTEMPTS: Final = 12
"""With the waits between them they take half an hour."""
BACKOFF: Final = Backoff(first=timedelta(seconds=1), longest=timedelta(minutes=5))


def run_job_items(
    job_id: str, *, wall_clock: Clock, providers: Providers = registry.get_provider
) -> None:
    """Run items, of this job or of others as their turn comes, until none of this job is free.

    A worker that is to stop finishes the item in hand and takes no other.

    Raises Unavailable when an item has to be tried again later.
    """
    put_off: Unavailable | None = None
    while (
        not background_tasks.is_stopping()
        and has_work(job_id, at=wall_clock())
        and (item := claim_next_item(at=wall_clock())) is not None
    ):
        try:
            _run_item(item, wall_clock=wall_clock, providers=providers)
        except LeaseLost:
            logger.info("job item was taken over", extra={"job": job_id, "position": item.position})
        except Unavailable as unavailable:
            put_off = unavailable
    if put_off is not None:
        raise put_off


def claim_next_item(*, at: datetime) -> JobItem | None:
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
    """Return the jobs for which a worker is wanted at `at`."""
    for_account: int = settings.SAYSO_PROVIDER_AT_ONCE
    return Job.objects.with_work(at, at_once=AT_ONCE, for_account=for_account)


def has_work(job_id: str, *, at: datetime) -> bool:
    """Return whether an item of the job is free to claim."""
    return JobItem.objects.filter(job_id=job_id).claimable(at).exists()


def claim_item(job_id: str, *, at: datetime) -> JobItem | None:
    """Take the next free item of the job, or None, and note its turn.

    Two workers never take the same one.
    """
    unsettled = JobItem.objects.filter(job_id=job_id, state__in=UNSETTLED).order_by("position")
    items = unsettled.beside_full_accounts(at, most=settings.SAYSO_PROVIDER_AT_ONCE)
    item = leases.claim(
        items.select_related("job__organisation", "voice"),
        at=at,
        state=JobState.RUNNING,
    )
    if item is not None:
        # In one statement: a job that another worker has ended stays ended.
        begun = Case(When(state=JobState.QUEUED, then=Value(JobState.RUNNING)), default=F("state"))
        Job.objects.filter(id=job_id).update(turn_at=at, state=begun)
    return item


def open_job_notes(job: Job, people: Mapping[str, set[str]] | None = None) -> Notes:
    """Return the caller's notes on `job`, opened. They are empty once one of its people has been
    erased.

    `people` are those of several jobs, read at once by `list_people_of_jobs`.
    """
    if job.sealed_notes is None:
        return Notes()
    known = list_people_of_jobs([job]) if people is None else people
    return sealed_notes.open_notes(job, subjects=known[job.id])


def list_subjects(job: Job) -> set[str]:
    """Return the vault subjects of the people in a job."""
    return set(JobItem.objects.filter(job=job).values_list("voice__subject", flat=True))


def list_people_of_jobs(jobs: Iterable[Job]) -> dict[str, set[str]]:
    """Return the vault subjects of the people in each of these jobs that has notes, by its id."""
    people: dict[str, set[str]] = {job.id: set() for job in jobs if job.sealed_notes is not None}
    rows = JobItem.objects.filter(job__in=people).values_list("job_id", "voice__subject")
    for job_id, subject in rows.distinct() if people else ():
        people[job_id].add(subject)
    return people


def seal_item_words(subject: str, job_id: str, position: int, request: SpeechRequest) -> bytes:
    """Seal the caller's words of an item under the speaker's key, until the item is settled."""
    return sealed_values.seal(subject, _item_context(job_id, position), request.to_json())


def seal_item_reference(
    subject: str, job_id: str, position: int, request: SpeechRequest
) -> bytes | None:
    """Seal the caller's own name for an item under the speaker's key, or return None without one.

    It outlives the text.
    """
    reference = request.notes.client_reference
    if not reference:
        return None

    return sealed_values.seal(subject, _reference_context(job_id, position), reference)


def open_item_reference(item: JobItem) -> str:
    """Return the caller's own name for an item. It is empty once the person has been erased."""
    if item.sealed_reference is None:
        return ""

    try:
        opened = sealed_values.unseal(
            item.voice.subject,
            _reference_context(item.job_id, item.position),
            bytes(item.sealed_reference),
        )
    except NotFound:  # the key is destroyed
        return ""

    return str(opened)


def _run_item(item: JobItem, *, wall_clock: Clock, providers: Providers) -> None:
    job = item.job

    def now() -> datetime:
        return now_for(job.organisation, livemode=job.livemode, wall_time=wall_clock())

    if item.attempt > MOST_ATTEMPTS:
        job_settlement.settle_unserved_item(item, JobState.FAILED, at=now(), code="gave_up")
        return

    try:
        with lease_renewal.keep_leases(leases.select_held(item), now=wall_clock):
            pipeline.synthesize_clip(
                _unseal_request(item),
                item.voice,
                principal=Principal(
                    organisation_id=job.organisation_id, livemode=job.livemode, actor=job.actor
                ),
                now=now,
                providers=providers,
                settle=lambda clip, decision: job_settlement.settle_done_item(
                    item, clip_id=clip, decision_id=decision, at=now()
                ),
            )
    except LeaseLost:
        raise
    except Refused as refusal:
        job_settlement.settle_unserved_item(
            item, JobState.REFUSED, at=now(), code=refusal.stable_code, error=refusal
        )
    except (Unavailable, ClipAlreadySettled) as unavailable:
        _postpone_item(item, unavailable, wall_time=wall_clock(), at=now())
    except SaysoError as error:
        job_settlement.settle_unserved_item(
            item, JobState.FAILED, at=now(), code=error.stable_code, error=error
        )
    except Exception:
        # A full disk, a database that went away: it may go better later.
        facts = {"job": item.job_id, "position": item.position}
        logger.exception("job item failed", extra=facts)
        # A connection that broke would keep the item from being given back.
        transactions.release_connections()
        again = Unavailable("This text could not be spoken now.", code="internal")
        _postpone_item(item, again, wall_time=wall_clock(), at=now())


def _postpone_item(item: JobItem, error: SaysoError, *, wall_time: datetime, at: datetime) -> None:
    """Queue the item again with a growing wait, or give up after the last attempt.

    What a provider says with `Retry-After` is waited for at least.
    """
    if item.attempt >= MOST_ATTEMPTS:
        job_settlement.settle_unserved_item(
            item, JobState.FAILED, at=at, code=error.stable_code, error=error
        )
        return

    # What would wait again in a job that was cancelled in the meantime is cancelled, too.
    if Job.objects.filter(id=item.job_id, cancelled__gt=0).exists():
        job_settlement.settle_unserved_item(item, JobState.CANCELLED, at=at, code="cancelled")
        return

    told = timedelta(seconds=error.retry_after or 0)
    wait = max(BACKOFF.wait_after(item.attempt), told)
    backoff = Backoff(first=wait, longest=wait)
    leases.return_to_queue(item, at=wall_time, backoff=backoff, state=JobState.QUEUED)
    raise Unavailable(error.detail, code=error.stable_code, retry_after=error.retry_after)


def _unseal_request(item: JobItem) -> SpeechRequest:
    if item.sealed_text is None:
        raise NotFound("The text of this item is gone.", code="text_gone")
    words = sealed_values.unseal(
        item.voice.subject, _item_context(item.job_id, item.position), bytes(item.sealed_text)
    )
    return SpeechRequest.from_json(item.voice_id, cast("dict[str, Any]", words))


def _reference_context(job_id: str, position: int) -> str:
    return f"job|{job_id}|{position}|reference"


def _item_context(job_id: str, position: int) -> str:
    return f"job|{job_id}|{position}"

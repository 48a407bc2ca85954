"""Jobs: find them, and open what their callers wrote."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids
from core.caller_notes import Notes
from core.errors import NotFound
from voices.models import Job
from voices.speech import job_queue


def list_jobs(principal: Principal) -> QuerySet[Job]:
    """The organisation's jobs, live or test as the principal is."""
    return Job.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def notes_of(job: Job) -> Notes:
    """Open what the caller wrote beside the job; nothing once one of its people has been erased."""
    return job_queue.notes_of(job)


def get_job(job_id: str, *, principal: Principal) -> Job:
    """One of them. Raises NotFound, for strangers' ids too."""
    job = list_jobs(principal).filter(id=job_id).first() if ids.is_id(job_id, "job") else None
    if job is None:
        raise NotFound("There is no such job.")
    return job

"""Jobs: find them, and open what their callers wrote."""

from __future__ import annotations

from django.db.models import QuerySet

from core import ids
from core.errors import NotFound
from core.notes import Notes
from voices import jobs
from voices.models import Job
from voices.orders import Asker


def of(asker: Asker) -> QuerySet[Job]:
    """The organisation's jobs, live or test as the asker is."""
    return Job.objects.filter(organisation_id=asker.organisation_id, livemode=asker.livemode)


def notes_of(job: Job) -> Notes:
    """Open what the caller wrote beside the job; nothing once one of its people has been erased."""
    return jobs.notes_of(job)


def find(job_id: str, *, asker: Asker) -> Job:
    """One of them. Raises NotFound, for strangers' ids too."""
    job = of(asker).filter(id=job_id).first() if ids.is_id(job_id, "job") else None
    if job is None:
        raise NotFound("There is no such job.")
    return job

"""Jobs: find them, and open what their callers wrote."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids
from core.errors import NotFound
from voices.models import Job


def list_jobs(principal: Principal) -> QuerySet[Job]:
    """Return the principal's jobs."""
    return Job.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def get_job(job_id: str, *, principal: Principal) -> Job:
    """Return the principal's job of this id.

    Raises NotFound, for the jobs of others too.
    """
    job = list_jobs(principal).filter(id=job_id).first() if ids.is_id(job_id, "job") else None
    if job is None:
        raise NotFound("There is no such job.")
    return job

"""Jobs: find them, and cancel what waits for somebody."""

from __future__ import annotations

from django.db.models import QuerySet

from core import ids
from core.errors import NotFound
from voices.jobs import cancel_of
from voices.models import Job
from voices.orders import Asker

__all__ = ["cancel_of", "find", "of"]


def of(asker: Asker) -> QuerySet[Job]:
    """The organisation's jobs, live or test as the asker is."""
    return Job.objects.filter(organisation_id=asker.organisation_id, livemode=asker.livemode)


def find(job_id: str, *, asker: Asker) -> Job:
    """One of them. Raises NotFound, for strangers' ids too."""
    job = of(asker).filter(id=job_id).first() if ids.is_id(job_id, "job") else None
    if job is None:
        raise NotFound("There is no such job.")
    return job

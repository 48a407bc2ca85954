"""Jobs: find them, and open what their callers wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids
from core.errors import NotFound
from vault import sealed_notes
from voices.models import Job


def list_jobs(principal: Principal) -> QuerySet[Job]:
    """Return the principal's jobs."""
    return Job.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def filter_jobs(wanted: Mapping[str, Any], *, principal: Principal, at: datetime) -> QuerySet[Job]:
    """Return the principal's jobs by `state`, `kind`, `external_id` and `metadata`.

    What `wanted` does not name narrows nothing.
    """
    rows = list_jobs(principal).filter(
        **{name: wanted[name] for name in ("state", "kind") if name in wanted}
    )

    return sealed_notes.filter_by_notes(
        rows, wanted, organisation_id=principal.organisation_id, at=at
    )


def get_job(job_id: str, *, principal: Principal) -> Job:
    """Return the principal's job of this id.

    Raises NotFound, for the jobs of others too.
    """
    job = list_jobs(principal).filter(id=job_id).first() if ids.is_id(job_id, "job") else None
    if job is None:
        raise NotFound("There is no such job.")
    return job

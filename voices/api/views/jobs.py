"""REST: jobs, how far they are, and their end before time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import demand_scope, get_caller
from consent.api.serializers.consent_forms import NothingSerializer
from core.api.openapi import describe_polling
from core.api.pagination import PAGE, list_page, read_filters
from core.api.responses import polling_headers, stream_parts
from core.api.serializers import read_form
from vault import key_rings
from voices import job_results
from voices.api.serializers.job_serializers import JobFilterSerializer, JobList, JobSerializer
from voices.models import SETTLED, Job
from voices.speech import job_lookup, job_queue, job_settlement

_OUTCOME: Final = {"outcome": True}
_CLIPS: Final = "clips:read"


class JobListView(APIView):
    """The organisation's jobs."""

    scope = "speech"

    @extend_schema(
        operation_id="jobs_list", parameters=[JobFilterSerializer, *PAGE], responses=JobList
    )
    def get(self, request: Request) -> Response:
        """List the jobs, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        rows = job_lookup.filter_jobs(
            read_form(JobFilterSerializer, asked), principal=caller.principal, at=caller.now()
        )
        return list_page(
            request,
            rows,
            JobList,
            filters=asked,
            among=job_lookup.list_jobs(caller.principal),
            within=_open_page,
        )


class JobDetailView(APIView):
    """One job."""

    scope = "speech"

    @extend_schema(
        operation_id="jobs_retrieve", parameters=[describe_polling(200)], responses=JobSerializer
    )
    def get(self, request: Request, job_id: str) -> Response:
        """Show how far the job is, and the clips that it made."""
        return answer_job(job_lookup.get_job(job_id, principal=get_caller(request).principal))


class JobCancellationView(APIView):
    """A job that is cancelled."""

    scope = "speech"

    @extend_schema(
        operation_id="jobs_cancel",
        request=NothingSerializer,
        parameters=[describe_polling(200)],
        responses=JobSerializer,
    )
    def post(self, request: Request, job_id: str) -> Response:
        """Cancel the texts that still wait. A text that is being spoken is finished, and clips
        stay.

        A finished job does not change.
        """
        caller = get_caller(request)
        read_form(NothingSerializer, request.data)
        job = job_lookup.get_job(job_id, principal=caller.principal)
        job_settlement.cancel_job(job, at=caller.now())
        return answer_job(job_lookup.get_job(job_id, principal=caller.principal))


class JobResultsView(APIView):
    """The clips of a finished job."""

    scope = "speech"

    @extend_schema(
        operation_id="jobs_results",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        """Stream one ZIP with the clips of the job and `manifest.json`. 409 while it is not
        finished.

        The decision behind each clip is asked again at its turn. A clip that may not leave any more
        is left out, and the manifest says why. Needs `clips:read` too.
        """
        caller = get_caller(request)
        demand_scope(caller, _CLIPS)
        job = job_lookup.get_job(job_id, principal=caller.principal)
        parts = job_results.open_results(job, principal=caller.principal, now=caller.now)
        # DRF documents this attribute as the way to Django's own request.
        answer = stream_parts(request._request, parts, content_type="application/zip")  # noqa: SLF001
        answer["Content-Disposition"] = f'attachment; filename="sayso-{job.id}.zip"'
        answer["Cache-Control"] = "no-store"
        return answer


def answer_job(job: Job, **answer: Any) -> Response:
    """Answer with a job and its outcome, and with `Retry-After` while it is not finished."""
    headers = {**polling_headers(finished=job.state in SETTLED), **answer.pop("headers", {})}
    people = job_queue.list_subjects(job)
    with key_rings.hold_subject_keys(people):
        data = JobSerializer(job, context=_OUTCOME).data
    return Response(data, headers=headers, **answer)


@contextmanager
def _open_page(rows: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """Hold the keys of the people of these jobs, and yield who they are."""
    people = job_queue.list_people_of_jobs(rows)
    with key_rings.hold_subject_keys(set().union(*people.values())):
        yield {"people": people}

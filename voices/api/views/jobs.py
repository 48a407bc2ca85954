"""REST: jobs, and how far they are."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from core.api.pagination import PAGE, list_page
from voices.api.serializers.job_serializers import JobList, JobSerializer
from voices.speech import job_lookup


class JobListView(APIView):
    """The organisation's jobs."""

    scope = "speech"

    @extend_schema(operation_id="jobs_list", parameters=list(PAGE), responses=JobList)
    def get(self, request: Request) -> Response:
        """List the jobs, newest first."""
        return list_page(request, job_lookup.list_jobs(get_caller(request).principal), JobList)


class JobDetailView(APIView):
    """One job."""

    scope = "speech"

    @extend_schema(operation_id="jobs_retrieve", responses=JobSerializer)
    def get(self, request: Request, job_id: str) -> Response:
        """Show how far the job is, and the clips that it made."""
        job = job_lookup.get_job(job_id, principal=get_caller(request).principal)
        return Response(JobSerializer(job, context={"outcome": True}).data)

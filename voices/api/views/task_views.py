"""REST: what a person has to do at a provider."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent.api.serializers.consent_forms import NothingSerializer
from core.api.pagination import PAGE, list_page, read_filters
from core.api.serializers import read_form
from voices import provider_tasks
from voices.api.serializers.task_serializers import (
    ProviderTaskFilterSerializer,
    ProviderTaskList,
    ProviderTaskSerializer,
)


class ProviderTaskListView(APIView):
    """The organisation's tasks at providers."""

    scope = "admin"

    @extend_schema(
        operation_id="provider_tasks_list",
        parameters=[ProviderTaskFilterSerializer, *PAGE],
        responses=ProviderTaskList,
    )
    def get(self, request: Request) -> Response:
        """List the tasks, newest first. A deletion that waits for one is not confirmed."""
        caller, asked = get_caller(request), read_filters(request)
        tasks = provider_tasks.list_tasks(caller.principal)
        form = read_form(ProviderTaskFilterSerializer, asked)
        return list_page(
            request, tasks.filter(**form), ProviderTaskList, filters=asked, among=tasks
        )


class ProviderTaskDetailView(APIView):
    """One task."""

    scope = "admin"

    @extend_schema(operation_id="provider_tasks_retrieve", responses={200: ProviderTaskSerializer})
    def get(self, request: Request, task_id: str) -> Response:
        """Show the task."""
        task = provider_tasks.get_task(task_id, principal=get_caller(request).principal)
        return Response(ProviderTaskSerializer(task).data)


class ProviderTaskDoneView(APIView):
    """The end of one task."""

    scope = "admin"

    @extend_schema(
        operation_id="provider_tasks_done",
        request=NothingSerializer,
        responses={200: ProviderTaskSerializer},
    )
    def post(self, request: Request, task_id: str) -> Response:
        """Say that a person has done it. A deletion that waits for it goes on."""
        caller = get_caller(request)
        read_form(NothingSerializer, request.data)
        task = provider_tasks.get_task(task_id, principal=caller.principal)
        task = provider_tasks.complete_task(
            task.id,
            organisation_id=caller.organisation_id,
            actor=caller.actor,
            at=caller.now(),
        )
        return Response(ProviderTaskSerializer(task).data)

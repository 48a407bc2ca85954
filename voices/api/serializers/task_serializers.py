"""Tasks at providers in the API: what a person has to do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.fields import CodeField, NullableTextField, TimestampField
from core.api.pagination import make_list_serializer
from core.api.serializers import ObjectSerializer, StrictSerializer
from voices import provider_tasks
from voices.models import ProviderTask, TaskKind, TaskState


class ProviderTaskFilterSerializer(StrictSerializer):
    """What a list of tasks may be narrowed by."""

    state = CodeField(max_length=8, required=False)
    provider = CodeField(max_length=32, required=False)


class ProviderTaskSerializer(ObjectSerializer[ProviderTask]):
    """A task of an officer at a provider."""

    object_name = "provider_task"

    kind = serializers.ChoiceField(choices=TaskKind.values)
    state = serializers.ChoiceField(choices=TaskState.values)
    provider = serializers.CharField()
    voice = serializers.CharField(source="voice_id")
    to_do = serializers.CharField()
    done_by = NullableTextField()
    done_at = TimestampField(allow_null=True)

    def compute_fields(self, row: ProviderTask) -> Mapping[str, Any]:
        """Return the notes, of which there are none, and what the person has to do."""
        return {**super().compute_fields(row), "to_do": provider_tasks.describe_task(row)}


ProviderTaskList = make_list_serializer(ProviderTaskSerializer, "A page of tasks.")

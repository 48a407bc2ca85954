"""The moderation endpoint in the API: the form that sets it, and the answer about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import CodeField, FlagField, TimestampField
from core.api.serializers import OutputSerializer, StrictSerializer
from voices.models import ModerationEndpoint
from voices.moderation import moderation_endpoints

LONGEST_CATEGORY = 100


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string", "maxLength": 64, "pattern": "^[ -~]*$"},
        "propertyNames": {"maxLength": LONGEST_CATEGORY},
        "maxProperties": moderation_endpoints.MOST_LABELS,
    }
)
class CategoryLabelsField(serializers.DictField):
    """Content labels by the endpoint's category, "" for none."""

    child = CodeField(max_length=64, allow_blank=True)


class ModerationEndpointFormSerializer(StrictSerializer):
    """`POST /v1/moderation_endpoint`.

    The endpoint answers `POST {base_url}/v1/moderations` as OpenAI does. `labels` says which label
    of `GET /v1/labels` stands for one of its categories. Without `api_key` the stored one stays, at
    the same address alone. A `self_hosted` endpoint may stand where the operator's list allows it.
    """

    base_url = CodeField(max_length=500)
    self_hosted = FlagField(default=False)
    model = CodeField(max_length=100, required=False, allow_blank=True)
    labels = CategoryLabelsField(required=False)
    api_key = CodeField(
        max_length=moderation_endpoints.LONGEST_KEY,
        required=False,
        allow_null=True,
        trim_whitespace=False,
    )


class ModerationEndpointSerializer(OutputSerializer[ModerationEndpoint]):
    """The moderation endpoint, without its key."""

    object = serializers.ChoiceField(choices=("moderation_endpoint",))
    livemode = serializers.BooleanField()
    base_url = serializers.CharField()
    self_hosted = serializers.BooleanField(source="is_self_hosted")
    model = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    has_api_key = serializers.BooleanField()
    created_at = TimestampField()
    changed_at = TimestampField()

    def compute_fields(self, row: ModerationEndpoint) -> Mapping[str, Any]:
        """Return the name of the object, and whether a key is stored."""
        return {"object": "moderation_endpoint", "has_api_key": row.sealed_key is not None}

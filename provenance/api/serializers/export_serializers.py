"""Exports in the API: the form that asks for one, and the answer about it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.fields import ChoiceField, CodeField, MomentField, NullableTextField, TimestampField
from core.api.id_fields import IdField
from core.api.openapi import describe_id
from core.api.pagination import make_list_serializer
from core.api.serializers import (
    NotedFormSerializer,
    NoteFilterSerializer,
    ObjectSerializer,
    OutputSerializer,
)
from core.caller_notes import Notes
from provenance.exports import export_sources
from provenance.models import Export, ExportState
from vault.organisation_notes import OrganisationSealer


class ExportInputSerializer(NotedFormSerializer):
    """What to export: a kind, a half-open period, and for a person's own copy the person."""

    kind = ChoiceField(choices=export_sources.KINDS)
    to = MomentField(required=False, allow_null=True)
    speaker = CodeField(required=False, allow_null=True, max_length=64, style=describe_id("spk"))
    document_rules = (
        {
            "if": {"properties": {"kind": {"const": "speaker"}}},
            "then": {"required": ["speaker"], "properties": {"speaker": {"type": "string"}}},
            "else": {"properties": {"speaker": {"type": "null"}}},
        },
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        return {**super().get_fields(), "from": MomentField(required=False, allow_null=True)}


class ExportFilterSerializer(NoteFilterSerializer):
    """What a list of exports may be narrowed by."""

    kind = ChoiceField(choices=export_sources.KINDS, required=False)
    state = ChoiceField(choices=ExportState.values, required=False)
    speaker = IdField("spk", required=False)


class ExportProgressSerializer(OutputSerializer[Export]):
    """How far an export is."""

    rows = serializers.IntegerField(
        help_text="Rows written so far. The final number once it is ready.", source="rows_done"
    )


class ExportSerializer(ObjectSerializer[Export]):
    """An export."""

    object_name = "export"

    kind = ChoiceField(choices=export_sources.KINDS)
    to = TimestampField(allow_null=True, source="to_at")
    speaker = NullableTextField(source="speaker_id")
    state = serializers.ChoiceField(choices=ExportState.values)
    code = NullableTextField()
    progress = ExportProgressSerializer(source="*")
    size = serializers.IntegerField(allow_null=True)
    sha256 = NullableTextField()
    log_size = serializers.IntegerField(allow_null=True)
    finished_at = TimestampField(allow_null=True)
    expires_at = TimestampField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        return {**super().get_fields(), "from": TimestampField(allow_null=True, source="from_at")}

    def open_notes(self, row: Export) -> Notes:
        """Open what the caller noted."""
        return OrganisationSealer().open_notes(row, organisation_id=row.organisation_id)

    def compute_fields(self, row: Export) -> dict[str, Any]:
        """Return the size, which is null before the bundle is there."""
        return {**super().compute_fields(row), "size": row.size or None}


ExportList = make_list_serializer(ExportSerializer, "A page of exports.")

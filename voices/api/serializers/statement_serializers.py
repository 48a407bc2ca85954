"""Statements in the API: the forms that bring one, and the answer about one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers

from consent import provider_statements
from consent.api.serializers import described_words
from consent.models import ProviderStatement
from core.api.fields import ShownTextField
from core.api.openapi import describe_field
from core.api.pagination import make_list_serializer
from core.api.serializers import ObjectSerializer, StrictSerializer
from core.api.uploads import explain_text_for_file
from core.errors import Fault, Invalid
from voices.api.serializers.input_fields import Base64AudioField, code_field


class StatementFormSerializer(StrictSerializer):
    """`POST /v1/consents/{id}/statements` in JSON."""

    provider = code_field(32, style=described_words.PROVIDER)
    language = code_field(64, style=described_words.LANGUAGE)
    name = ShownTextField(fewest=0, max_length=200, required=False, allow_blank=True)
    recording_base64 = Base64AudioField()


class StatementUploadSerializer(StrictSerializer):
    """The same as multipart/form-data, with the recording as a file. For the OpenAPI document."""

    provider = code_field(32, style=described_words.PROVIDER)
    language = code_field(64, style=described_words.LANGUAGE)
    name = ShownTextField(fewest=0, max_length=200, required=False, allow_blank=True)
    recording = serializers.FileField(
        style=describe_field(minLength=1), error_messages={"invalid": "This must be a file."}
    )


class StatementSerializer(ObjectSerializer[ProviderStatement]):
    """A statement. Its recording is not read back here: it is in the person's own copy."""

    object_name = "statement"

    livemode = serializers.BooleanField(source="consent.livemode")
    consent = serializers.CharField(source="consent_id")
    provider = serializers.CharField()
    language = serializers.CharField()
    name = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField()

    def compute_fields(self, row: ProviderStatement) -> Mapping[str, Any]:
        """Return the notes, which a statement has none of, and its name."""
        name = provider_statements.open_statement_name(row)
        return {**super().compute_fields(row), "name": name or None}


StatementList = make_list_serializer(StatementSerializer, "A page of statements.")


def read_statement_upload(data: QueryDict) -> dict[str, Any]:
    """Return a multipart body in the shape of the JSON one. Raises Invalid for a text as file."""
    body: dict[str, Any] = {name: values[-1] for name, values in data.lists()}
    if "recording" not in body:
        return body

    file = body.pop("recording")
    if not isinstance(file, UploadedFile):
        fault = Fault(code="invalid", attr="recording", detail=explain_text_for_file("recording"))
        raise Invalid("Some fields are wrong.", faults=(fault,))
    return body | {"recording_base64": base64.b64encode(file.read()).decode("ascii")}

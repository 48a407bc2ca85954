"""Erasures in the API: the form that asks for one, and the answers about it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core import canonical_json
from core.api.fields import (
    ChoiceField,
    ConstantField,
    NullableTextField,
    ShownTextField,
    TimestampField,
)
from core.api.id_fields import IdField
from core.api.pagination import make_list_serializer
from core.api.serializers import (
    NotedFormSerializer,
    NoteFilterSerializer,
    ObjectSerializer,
    OutputSerializer,
)
from core.caller_notes import Notes
from erasure import certificate
from erasure.models import Erasure, ErasureState, ErasureTarget, TargetState
from vault import sealed_notes


class EraseFormSerializer(NotedFormSerializer):
    """Why a person is erased: a code of `GET /v1/reasons`.

    Words count as `other` and are not kept. Your own id and notes are kept until the person's key
    is destroyed, which ends them.
    """

    reason = ShownTextField(fewest=0, one_line=False, max_length=200)


class ErasureFilterSerializer(NoteFilterSerializer):
    """What a list of erasures may be narrowed by."""

    speaker = IdField("spk", required=False)
    state = ChoiceField(choices=ErasureState.values, required=False)


class TargetSerializer(OutputSerializer[ErasureTarget]):
    """One thing to erase. `kept` always names its legal ground."""

    system = serializers.CharField()
    asset = serializers.CharField()
    method = serializers.CharField()
    state = serializers.ChoiceField(choices=TargetState.values)
    ground = NullableTextField()
    settled_at = TimestampField(allow_null=True)


class ErasureWarningSerializer(OutputSerializer[Mapping[str, str]]):
    """What the caller should know: `reason_not_kept` for words, which an erasure does not keep."""

    code = serializers.CharField()
    attr = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class ErasureSerializer(ObjectSerializer[Erasure]):
    """An erasure. It outlives the person, and what the caller wrote beside it does not."""

    object_name = "erasure"

    speaker = serializers.CharField(source="speaker_id")
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=ErasureState.values)
    answer_by = TimestampField()
    completed_at = TimestampField(allow_null=True)
    targets = TargetSerializer(many=True)
    warnings = ErasureWarningSerializer(many=True)

    def open_notes(self, row: Erasure) -> Notes:
        """Open what the caller noted, which is empty once the person's key is destroyed."""
        return sealed_notes.open_notes(row, subjects=(row.subject,))

    def compute_fields(self, row: Erasure) -> Mapping[str, Any]:
        """Return the targets in their order, and the warnings of the context."""
        return {
            **super().compute_fields(row),
            "targets": sorted(row.targets.all(), key=lambda target: target.position),
            "warnings": self.context.get("warnings", ()),
        }


ErasureList = make_list_serializer(ErasureSerializer, "A page of erasures.")


class CertificateSerializer(OutputSerializer[Erasure]):
    """A certificate of erasure: its content, the exact JCS bytes in base64, and the JWS over
    them.
    """

    object = ConstantField("erasure_certificate")
    certificate = serializers.DictField()
    record = serializers.CharField()
    sha256 = serializers.CharField()
    jws = serializers.CharField(source="certificate_jws")
    public_key = serializers.CharField()

    def compute_fields(self, row: Erasure) -> Mapping[str, Any]:
        """Return the certificate in its forms, and the key that signed it as of the context's
        time.
        """
        record = bytes(row.certificate or b"")
        return {
            "certificate": canonical_json.load(record),
            "record": base64.b64encode(record).decode(),
            "sha256": certificate.hash_certificate(record),
            "public_key": certificate.public_key(row, at=self.context["at"]),
        }

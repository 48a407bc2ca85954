"""The answers about erasures, for the OpenAPI document alone."""

from __future__ import annotations

from rest_framework import serializers

from erasure.models import Erasure, ErasureState, ErasureTarget, TargetState


class TargetObject(serializers.Serializer[ErasureTarget]):
    """One thing to erase; `kept` always names its legal ground."""

    system = serializers.CharField()
    asset = serializers.CharField()
    method = serializers.CharField()
    state = serializers.ChoiceField(choices=TargetState.values)
    ground = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class ErasureWarning(serializers.Serializer[Erasure]):
    """What the caller should know: `reason_not_kept` for words, which an erasure does not keep."""

    code = serializers.CharField()
    attr = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class ErasureObject(serializers.Serializer[Erasure]):
    """An erasure."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("erasure",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    speaker = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=ErasureState.values)
    answer_by = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    targets = TargetObject(many=True)
    warnings = ErasureWarning(many=True)


class ErasureList(serializers.Serializer[Erasure]):
    """A page of erasures."""

    object = serializers.ChoiceField(choices=("list",))
    data = ErasureObject(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)


class CertificateObject(serializers.Serializer[Erasure]):
    """A certificate of erasure: its content, the exact JCS bytes in base64, and the JWS over
    them.
    """

    object = serializers.ChoiceField(choices=("erasure_certificate",))
    certificate = serializers.DictField()
    record = serializers.CharField()
    sha256 = serializers.CharField()
    jws = serializers.CharField()
    public_key = serializers.CharField()

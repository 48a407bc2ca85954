"""Decisions of the gate: the form that asks, and the answer with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent.api.serializers.shared_forms import word_list
from consent.models import Decision
from consent.policy import actions
from consent.policy.reasons import GATE_REASONS
from core.api.fields import (
    ChoiceField,
    CodeField,
    NullableTextField,
    TimestampField,
    WholeNumberField,
    WordField,
)
from core.api.serializers import ObjectSerializer, OutputSerializer, StrictSerializer
from core.canonical_json import Json


class NewDecisionSerializer(StrictSerializer):
    """A question to the gate: would this be allowed? Names a voice or a consent."""

    voice = CodeField(max_length=64, required=False, allow_null=True)
    consent = CodeField(max_length=64, required=False, allow_null=True)
    action = ChoiceField(choices=sorted(actions.ACTIONS), default="synthesize")
    language = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    use_case = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    channel = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    territory = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    characters = WholeNumberField(default=0)
    labels = word_list(limit=20, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that exactly one of `voice` and `consent` is set."""
        if bool(attrs.get("voice")) == bool(attrs.get("consent")):
            raise serializers.ValidationError(
                {"consent": "Name either `voice` or `consent`."}, code="required"
            )
        return attrs


class RefusalReasonSerializer(OutputSerializer[Mapping[str, Json]]):
    """One thing that speaks against: a stable code, a sentence, and what was needed beside what was
    granted.
    """

    code = serializers.ChoiceField(choices=tuple(GATE_REASONS))
    detail = serializers.CharField()
    consent = serializers.CharField(allow_null=True)
    # Any value, so null as well. `allow_null` would say "any, or null", and null is both.
    required = serializers.JSONField()  # type: ignore[assignment]  # the framework has this name
    granted = serializers.ListField(child=serializers.JSONField())


class GivenWordsSerializer(OutputSerializer[Mapping[str, Json]]):
    """The caller's own words where they were written in another way.

    One that has not the shape of a code stands here as `?`.
    """

    language = serializers.CharField(required=False)
    use_case = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    territory = serializers.CharField(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)


class AskSerializer(OutputSerializer[Mapping[str, Json]]):
    """What was asked, in canonical words: null for a language or use case that is not known,
    `unsure` for a label.
    """

    action = serializers.CharField()
    language = serializers.CharField(allow_null=True)
    use_case = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)
    territory = serializers.CharField(allow_null=True)
    characters = serializers.IntegerField()
    labels = serializers.ListField(child=serializers.CharField())
    samples = serializers.ListField(child=serializers.CharField())
    assurance_floor = serializers.IntegerField(required=False)
    given = GivenWordsSerializer(required=False)


class DecisionSerializer(ObjectSerializer[Decision]):
    """A decision: allowed by a grant, or refused for reasons."""

    object_name = "decision"

    allowed = serializers.BooleanField()
    reasons = RefusalReasonSerializer(many=True)
    consent = serializers.CharField(source="consent_id", allow_null=True)
    grant = serializers.CharField(source="grant_id", allow_null=True)
    voice = NullableTextField(source="voice_id")
    ask = AskSerializer()
    preview = serializers.BooleanField()
    policy_version = serializers.CharField()
    expires_at = TimestampField()

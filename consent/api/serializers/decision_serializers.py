"""Decisions of the gate: the form that asks, and the answer with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent import decision_records
from consent.api.serializers import described_words
from consent.api.serializers.shared_forms import Style, word_list
from consent.models import Decision
from consent.policy import actions
from consent.policy.reasons import GATE_REASONS
from consent.policy.text_findings import FITS
from core.api.fields import (
    ChoiceField,
    CodeField,
    FlagWordField,
    MomentField,
    NullableTextField,
    TimestampField,
    WholeNumberField,
    WordField,
)
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
from core.canonical_json import Json


def _word_field(words: Style) -> WordField:
    return WordField(max_length=64, required=False, allow_null=True, allow_blank=True, style=words)


class NewDecisionSerializer(NotedFormSerializer):
    """A question to the gate: would this be allowed? Names a voice or a consent."""

    voice = CodeField(max_length=64, required=False, allow_null=True, style=describe_id("vox"))
    consent = CodeField(max_length=64, required=False, allow_null=True, style=describe_id("con"))
    action = ChoiceField(choices=sorted(actions.ACTIONS), default="synthesize")
    language = _word_field(described_words.LANGUAGE)
    use_case = _word_field(described_words.USE_CASE)
    channel = _word_field(described_words.CHANNEL)
    territory = _word_field(described_words.PLACE)
    provider = _word_field(described_words.PROVIDER)
    characters = WholeNumberField(default=0)
    labels = word_list(described_words.LABEL, limit=20, required=False)
    document_rules = (
        {
            "if": {"required": ["voice"], "properties": {"voice": {"type": "string"}}},
            "then": {"properties": {"consent": {"type": "null"}}},
            "else": {"required": ["consent"], "properties": {"consent": {"type": "string"}}},
        },
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that exactly one of `voice` and `consent` is set."""
        if bool(attrs.get("voice")) == bool(attrs.get("consent")):
            raise serializers.ValidationError(
                {"consent": "Name either `voice` or `consent`."}, code="required"
            )
        return attrs


class DecisionFilterSerializer(NoteFilterSerializer):
    """What a list of decisions may be narrowed by."""

    consent = IdField("con", required=False)
    voice = IdField("vox", required=False)
    allowed = FlagWordField(required=False, help_text="`false` lists the refusals.")
    preview = FlagWordField(
        required=False,
        help_text="`true` lists previews alone, `false` decisions about calls alone.",
    )
    to = MomentField(required=False, help_text="Decisions made before this time.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        since = MomentField(required=False, help_text="Decisions made at this time or later.")
        return {**super().get_fields(), "from": since}


class RefusalReasonSerializer(OutputSerializer[Mapping[str, Json]]):
    """One thing that speaks against: a stable code, a sentence, and what was needed beside what was
    granted.

    `grant` is the nearest grant, which the reason is about. It is null where the reason is about
    the whole consent or the call. `granted` has what that grant covers, and for
    `use_case_not_covered` the use cases of all grants.
    """

    code = serializers.ChoiceField(choices=tuple(GATE_REASONS))
    detail = serializers.CharField()
    consent = serializers.CharField(allow_null=True)
    grant = serializers.CharField(allow_null=True)
    # Any value, so null as well. `allow_null` would say "any, or null", and null is both.
    required = serializers.JSONField()  # type: ignore[assignment]  # the framework has this name
    granted = serializers.ListField(child=serializers.JSONField())

    def compute_fields(self, row: Mapping[str, Json]) -> Mapping[str, object]:
        """Return the grant. Reasons that were stored before grants were named have none."""
        return {"grant": row.get("grant")}


class GivenWordsSerializer(OutputSerializer[Mapping[str, Json]]):
    """The caller's own words where they were written in another way.

    One that has not the shape of a code stands here as `?`.
    """

    language = serializers.CharField(required=False)
    use_case = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    territory = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)


class TextLanguageSerializer(OutputSerializer[Mapping[str, Json]]):
    """How well the text of the call fits the language that it names. The text is not kept.

    `doubt`: it may be in one of `languages`. It was spoken all the same, unless your organisation's
    policy refuses that (`doubtful_language`). `mismatch`: it plainly is in another one. `several`:
    parts of it are. `too_short`: there is too little to judge.
    """

    fit = serializers.ChoiceField(choices=FITS)
    languages = serializers.ListField(child=serializers.CharField())


class AskSerializer(OutputSerializer[Mapping[str, Json]]):
    """What was asked, in canonical words: null for a language or use case that is not known,
    `unsure` for a label.

    A `provider` of null was not judged. Decisions from before providers were judged have none.
    `labels` are the call's, and those of the moderation endpoint. `content_unjudged` stands where
    that one could not say what the text contains.
    """

    action = serializers.CharField()
    language = serializers.CharField(allow_null=True)
    use_case = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)
    territory = serializers.CharField(allow_null=True)
    provider = serializers.CharField(required=False, allow_null=True)
    characters = serializers.IntegerField()
    labels = serializers.ListField(child=serializers.CharField())
    samples = serializers.ListField(child=serializers.CharField())
    assurance_floor = serializers.IntegerField(required=False)
    text_language = TextLanguageSerializer(required=False)
    content_unjudged = serializers.BooleanField(required=False)
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

    def open_notes(self, row: Decision) -> Notes:
        """Open what the caller noted beside the question."""
        return decision_records.open_decision_notes(row)


DecisionList = make_list_serializer(DecisionSerializer, "A page of decisions.")

"""Forms of consents: to ask for one, to change one, to list them.

They validate shapes. The services judge codes and terms.
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from consent.api.serializers import described_words
from consent.api.serializers.shared_forms import code_list, word_list
from consent.policy import actions, grant_scope, scope_parsing, territories
from consent.policy.state_machine import ConsentState
from core import durations
from core.api.fields import (
    MOST,
    BoundedListField,
    ChoiceField,
    CodeField,
    MomentField,
    ShownTextField,
    WholeNumberField,
    WordField,
)
from core.api.id_fields import IdField
from core.api.openapi import DURATION, describe_field, describe_id
from core.api.serializers import (
    NoteChangesSerializer,
    NotedFormSerializer,
    NoteFilterSerializer,
    StrictSerializer,
)
from core.errors import Invalid

FEWEST_LETTERS: Final = 5
"""Letters and digits without which a text describes no purpose."""
MOST_SECONDS: Final = MOST // 1000
"""Seconds are counted in milliseconds."""
MOST_PROVIDERS: Final = 50
GRANT_STATES: Final = ("active", "declined", "removed")
_READ_ALONE: Final = frozenset({"state", "signed", "intended_uses_sha256"})
_AS_READ: Final = (
    "As the API showed it. It changes nothing, but a grant that is not active is left out."
)
# Blanks in a row count once.
_PURPOSE: Final = describe_field(
    pattern=(
        r"^[^\S\x0b-\x0d\x1c-\x1f\x85]*"
        r"([^\s\x00-\x1f\x7f-\x9f][^\S\x0b-\x0d\x1c-\x1f\x85]*)"
        rf"{{{scope_parsing.SHORTEST_DESCRIPTION}}}[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
    )
)


class QuotaFormSerializer(StrictSerializer):
    """How much may be made: in all, or in each calendar day, week, month or year (UTC)."""

    characters = WholeNumberField(required=False, allow_null=True)
    seconds = WholeNumberField(required=False, allow_null=True, max_value=MOST_SECONDS)
    clips = WholeNumberField(required=False, allow_null=True)
    period = CodeField(max_length=8, required=False, allow_null=True, style=described_words.PERIOD)
    document_rules = (
        {
            "if": {"required": ["period"], "properties": {"period": {"type": "string"}}},
            "then": {
                "anyOf": [
                    {"required": [name], "properties": {name: {"type": "integer"}}}
                    for name in grant_scope.LIMITS
                ]
            },
        },
    )


class GrantFormSerializer(StrictSerializer):
    """One purpose with its limits."""

    use_case = WordField(max_length=64, style=described_words.USE_CASE)
    intended_uses = ShownTextField(
        fewest=FEWEST_LETTERS, one_line=False, max_length=2000, style=_PURPOSE
    )
    actions = BoundedListField(
        child=ChoiceField(choices=sorted(actions.ACTIONS)), allow_empty=False, limit=10
    )
    languages = word_list(described_words.RANGE_OF_LANGUAGES, allow_empty=False)
    channels = word_list(described_words.CHANNEL, required=False, allow_empty=False)
    territories = word_list(described_words.PLACE, limit=300, required=False, allow_empty=False)
    exclusions = word_list(described_words.EXCLUSION, required=False)
    sensitive_content = word_list(described_words.SENSITIVE, required=False)
    quota = QuotaFormSerializer(required=False, allow_null=True)
    min_disclosure = ChoiceField(choices=("none", "label", "spoken"), required=False)
    on_death = ChoiceField(choices=("stop", "run_to_expiry", "pass_to_estate"), required=False)


class NarrowedGrantSerializer(GrantFormSerializer):
    """What is left of one grant. What is left out stays as it is."""

    id = CodeField(max_length=30, required=False, style=describe_id("grt"))
    use_case = WordField(max_length=64, required=False, style=described_words.USE_CASE)
    intended_uses = ShownTextField(
        fewest=FEWEST_LETTERS, one_line=False, max_length=2000, required=False, style=_PURPOSE
    )
    actions = BoundedListField(
        child=ChoiceField(choices=sorted(actions.ACTIONS)),
        allow_empty=False,
        limit=10,
        required=False,
    )
    languages = word_list(described_words.RANGE_OF_LANGUAGES, allow_empty=False, required=False)

    # So a grant can be sent back as it was read, with less in it.
    state = ChoiceField(choices=GRANT_STATES, required=False, help_text=_AS_READ)
    signed = serializers.DictField(required=False, allow_null=True, help_text=_AS_READ)
    intended_uses_sha256 = CodeField(
        max_length=64,
        required=False,
        help_text=_AS_READ,
        style=describe_field(pattern="^[0-9a-f]{64}$"),
    )


class NarrowingSerializer(StrictSerializer):
    """All grants and all providers that shall be left. The others are removed.

    A list that is left out stays as it is.
    """

    grants = BoundedListField(child=NarrowedGrantSerializer(), limit=20, required=False)
    providers = word_list(
        described_words.PROVIDER, limit=MOST_PROVIDERS, required=False, allow_empty=False
    )
    document_rules = ({"if": {"required": ["providers"]}, "else": {"required": ["grants"]}},)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that there is something to narrow."""
        if not attrs.keys() & {"grants", "providers"}:
            raise serializers.ValidationError(
                {"grants": "Name the grants or the providers that shall be left."}, code="required"
            )
        return attrs

    def validate_grants(self, grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the grants that shall be left, without what is read of a grant and never set."""
        return [
            {name: value for name, value in grant.items() if name not in _READ_ALONE}
            for grant in grants
            if grant.get("state", "active") == "active"
        ]


class RepresentationFormSerializer(StrictSerializer):
    """Who advised the person: counsel, a union under its agreement, or no one."""

    kind = ChoiceField(choices=("none", "counsel", "union"), default="none")
    name = ShownTextField(max_length=200, required=False, allow_null=True)
    agreement = ShownTextField(max_length=200, required=False, allow_null=True)


class _TermSerializer(StrictSerializer):
    valid_until = MomentField(required=False, allow_null=True)
    duration = CodeField(
        max_length=32,
        required=False,
        allow_null=True,
        style=describe_field(pattern=DURATION, example="P1Y"),
    )

    def validate_duration(self, value: str | None) -> str | None:
        """Check that the duration can be read, so that a mistake is reported with its field."""
        try:
            if value is not None:
                durations.parse_duration(value)
        except Invalid as error:
            raise serializers.ValidationError(error.detail, code=error.stable_code) from error
        return value


class LinkDeliverySerializer(StrictSerializer):
    """By which way the link reaches the person.

    `controller` hands it to the organisation. The consent is then L0.
    """

    channel = ChoiceField(choices=("mail", "message", "controller"))


class NewConsentSerializer(_TermSerializer, NotedFormSerializer):
    """A request to one person."""

    speaker = CodeField(max_length=64, style=describe_id("spk"))
    notice = CodeField(max_length=50, default="voice-cloning", style=described_words.NOTICE)
    locale = CodeField(max_length=35, default="en", style=described_words.LANGUAGE)
    assurance = ChoiceField(choices=("L1", "L2", "L3"), default="L1")
    jurisdictions = code_list(described_words.PLACE, limit=50, length=16, required=False)
    providers = word_list(
        described_words.PROVIDER,
        limit=MOST_PROVIDERS,
        required=False,
        allow_empty=False,
        help_text=(
            "Who may make and use the voice. Left out: the built-in engine `local`, and the "
            "providers that are connected now."
        ),
    )
    valid_from = MomentField(required=False, allow_null=True)
    representation = RepresentationFormSerializer(required=False, allow_null=True)
    delivery = LinkDeliverySerializer(required=False, allow_null=True)
    grants = BoundedListField(child=GrantFormSerializer(), allow_empty=False, limit=20)
    document_rules = (
        {
            "if": {"required": ["duration"], "properties": {"duration": {"type": "string"}}},
            "then": {"properties": {"valid_until": {"type": "null"}}},
            "else": {
                "required": ["valid_until"],
                "properties": {"valid_until": {"type": "string"}},
            },
        },
    )

    def validate_jurisdictions(self, value: list[str]) -> list[str]:
        """Check that the territories are known, and return each once in its canonical spelling."""
        try:
            return list(dict.fromkeys(territories.parse_territory(code) for code in value))
        except territories.UnknownTerritory:
            raise serializers.ValidationError(
                "A code is not known. `GET /v1/territories` lists all.", code="territory_unknown"
            ) from None


class RenewalSerializer(_TermSerializer):
    """For how long to ask this time. Left out, it is as long as before.

    `delivery` is that of the new link.
    """

    delivery = LinkDeliverySerializer(required=False, allow_null=True)


@extend_schema_serializer(component_name="Reason")
class ReasonRequestSerializer(StrictSerializer):
    """The reason of a change.

    It is a code of `GET /v1/reasons`, or words. Words count as `other` and are kept under the
    person's key.
    """

    # A reason of signs alone keeps no one from ending a consent.
    reason = ShownTextField(
        fewest=0, one_line=False, max_length=2000, required=False, allow_blank=True, default=""
    )


class NothingSerializer(StrictSerializer):
    """A body without fields."""


class ConsentChangesSerializer(NoteChangesSerializer):
    """`PATCH /v1/consents/{id}`."""


class ConsentFilterSerializer(NoteFilterSerializer):
    """What a list of consents may be narrowed by."""

    speaker = IdField("spk", required=False)
    state = ChoiceField(choices=[str(state) for state in ConsentState], required=False)
    use_case = WordField(
        max_length=64,
        required=False,
        help_text="Consents with a grant of this use case.",
        style=described_words.USE_CASE,
    )
    expiring_before = MomentField(required=False)

"""What the API of accounts takes and answers: forms that validate, answers that render."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts import api_scopes, contact_details, note_sealing
from accounts.models import ApiKey, Organisation
from accounts.sandbox_clock import ClockReading
from core import durations
from core.api.fields import (
    BoundedListField,
    ChoiceField,
    ConstantField,
    FlagField,
    MomentField,
    NullableTextField,
    ReferenceField,
    ShownTextField,
    TextField,
    TimestampField,
    WholeNumberField,
    WordField,
)
from core.api.openapi import DURATION
from core.api.pagination import make_list_serializer
from core.api.serializers import (
    NoteChangesSerializer,
    NotedFormSerializer,
    NoteFilterSerializer,
    ObjectSerializer,
    OutputSerializer,
    StrictSerializer,
)
from core.caller_notes import Notes
from core.durations import Duration

MOST_CALLS = 100_000


@extend_schema_field({"type": "string", "format": "duration", "pattern": DURATION, "maxLength": 40})
class DurationField(serializers.Field[Duration, str, str, Any]):
    """An ISO 8601 duration."""

    def to_internal_value(self, data: Any) -> Duration:
        """Return the Duration."""
        if not isinstance(data, str):
            raise serializers.ValidationError("This must be a text.", code="invalid")
        try:
            return durations.parse_duration(data)
        except durations.BadDuration as error:
            raise serializers.ValidationError(error.detail, code=error.stable_code) from error

    def to_representation(self, value: Duration) -> str:
        """Return `value` as an ISO 8601 duration with every part named."""
        return f"P{value.months}M{value.days}DT{value.seconds}S"


class AddressField(TextField):
    """A way to reach people: `accounts.contact_details` reads it, and refuses whatever draws
    nothing.
    """


class _KeyFormSerializer(StrictSerializer):
    """Fields of a key that may change later. Each may be left out."""

    product = ShownTextField(max_length=100, required=False)
    scopes = BoundedListField(
        child=ChoiceField(choices=api_scopes.ALL), required=False, allow_empty=False, limit=100
    )
    default_use_case = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    default_channel = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    default_territory = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    default_language = WordField(max_length=64, required=False, allow_null=True, allow_blank=True)
    calls_per_minute = WholeNumberField(min_value=1, max_value=MOST_CALLS, required=False)
    expires_at = MomentField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Write "none" as the rows do: an empty text, but no date at all."""
        return {
            name: "" if value is None and name != "expires_at" else value
            for name, value in attrs.items()
        }


class KeyPatchSerializer(_KeyFormSerializer, NoteChangesSerializer):
    """Changes to a key, and whether work that it began goes on where the key may not do that any
    more.
    """

    keep_jobs = FlagField(
        required=False, help_text="What is queued or running goes on all the same."
    )


class KeyEndSerializer(StrictSerializer):
    """How a key ends."""

    keep_jobs = FlagField(
        required=False, help_text="What is queued or running goes on all the same."
    )


class NewKeySerializer(_KeyFormSerializer, NotedFormSerializer):
    """A key to be made: product, scopes and mode must be said."""

    product = ShownTextField(max_length=100)
    scopes = BoundedListField(
        child=ChoiceField(choices=api_scopes.ALL), allow_empty=False, limit=100
    )
    mode = ChoiceField(choices=("test", "live"))


@extend_schema_serializer(component_name="Rotation")
class RotationRequestSerializer(StrictSerializer):
    """How long the old secret stays good beside the new one."""

    overlap = DurationField(
        required=False, help_text="ISO 8601, at most P30D. PT24H when left out."
    )
    keep_jobs = FlagField(required=False, help_text="Without an overlap: what is queued goes on.")

    def validate_overlap(self, value: Duration) -> timedelta:
        """Return a plain span. A month has no fixed length, so an overlap has none."""
        if value.months:
            raise serializers.ValidationError(
                "Say the overlap in days or hours.", code="invalid_duration"
            )
        return timedelta(days=value.days, seconds=value.seconds)


class KeyFilterSerializer(NoteFilterSerializer):
    """What a list of API keys may be narrowed by."""

    mode = ChoiceField(choices=("test", "live"), required=False)
    product = ReferenceField(
        max_length=100, required=False, help_text="Keys of exactly this product."
    )


class OrganisationChangesSerializer(NoteChangesSerializer):
    """How people reach the organisation: an e-mail address, an https address or a postal
    address.
    """

    contact = AddressField(max_length=300, required=False)
    dpo = AddressField(max_length=300, required=False, allow_blank=True, allow_null=True)


class ClockAdvanceSerializer(StrictSerializer):
    """How far to move the test clock."""

    advance = DurationField(help_text="ISO 8601, such as P1Y.")


class OrganisationSerializer(ObjectSerializer[Organisation]):
    """An organisation as it is shown to people: its name, and how to reach it."""

    object_name = "organisation"

    name = serializers.CharField()
    contact = NullableTextField()
    dpo = NullableTextField()

    def open_notes(self, row: Organisation) -> Notes:
        """Open what the caller noted."""
        return note_sealing.note_sealer.get().open_notes(row, organisation_id=row.id)

    def compute_fields(self, row: Organisation) -> Mapping[str, Any]:
        """Read how people reach the organisation, and the `livemode` of the asking key from the
        context.
        """
        addresses = contact_details.get_contact(row)
        return {
            **super().compute_fields(row),
            "livemode": self.context["livemode"],
            "contact": addresses.contact,
            "dpo": addresses.dpo,
        }


class ApiKeySerializer(ObjectSerializer[ApiKey]):
    """An API key without its secret. People know it by its `prefix`."""

    object_name = "api_key"

    product = serializers.CharField()
    mode = serializers.ChoiceField(choices=("test", "live"))
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    default_use_case = NullableTextField()
    default_channel = NullableTextField()
    default_territory = NullableTextField()
    default_language = NullableTextField()
    calls_per_minute = serializers.IntegerField()
    expires_at = TimestampField(allow_null=True)
    last_used_at = TimestampField(allow_null=True)
    disabled_at = TimestampField(allow_null=True)
    previous_secret_until = TimestampField(source="previous_ends_at", allow_null=True)

    def open_notes(self, row: ApiKey) -> Notes:
        """Open what the caller noted."""
        return note_sealing.note_sealer.get().open_notes(row, organisation_id=row.organisation_id)

    def compute_fields(self, row: ApiKey) -> Mapping[str, Any]:
        """Add the `mode` of the key."""
        return {**super().compute_fields(row), "mode": "live" if row.livemode else "test"}


class IssuedApiKeySerializer(ApiKeySerializer):
    """An API key with its secret, for the one answer that shows it."""

    secret = serializers.CharField()

    def compute_fields(self, row: ApiKey) -> Mapping[str, Any]:
        """Add the `secret`, which the context holds."""
        return {**super().compute_fields(row), "secret": self.context["secret"]}


ApiKeyList = make_list_serializer(ApiKeySerializer, "A page of API keys.")


class TestClockSerializer(OutputSerializer[ClockReading]):
    """Where the test clock stands, the real time, and the latest that it may be moved to."""

    __test__ = False

    object = ConstantField("test_clock")
    livemode = serializers.BooleanField()
    now = TimestampField()
    real_time = TimestampField()
    latest = TimestampField()

    def compute_fields(self, row: ClockReading) -> Mapping[str, Any]:  # noqa: ARG002 - as above
        """Return that it is test data."""
        return {"livemode": False}

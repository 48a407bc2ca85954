"""Speakers: the forms that enter and change them, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from consent import speakers
from consent.api.serializers import described_words
from consent.models import Speaker
from consent.policy import languages, territories
from core.api.fields import ChoiceField, CodeField, EmailField, ShownTextField, TimestampField
from core.api.openapi import describe_field
from core.api.pagination import make_list_serializer
from core.api.serializers import (
    NoteChangesSerializer,
    NotedFormSerializer,
    NoteFilterSerializer,
    ObjectSerializer,
    StrictSerializer,
)
from core.caller_notes import Notes

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_PERSONAL: Final = ("name", "email", "country", "locale", "phone")


class SpeakerChangesSerializer(StrictSerializer):
    """Fields of a speaker that may change. Each may be left out."""

    name = ShownTextField(max_length=200, required=False)
    email = EmailField(required=False)
    country = CodeField(
        max_length=2,
        required=False,
        allow_null=True,
        style=describe_field(pattern="^[A-Z]{2}$", example="DE"),
    )
    locale = CodeField(
        max_length=35, required=False, allow_null=True, style=described_words.LANGUAGE
    )
    phone = CodeField(
        max_length=16,
        required=False,
        allow_null=True,
        help_text="In international form (ITU-T E.164): +4930123456.",
        style=describe_field(pattern=r"^\+[1-9][0-9]{6,14}$", example="+4930123456"),
    )

    def validate_country(self, value: str | None) -> str | None:
        """Check that the country is known, and return its canonical code."""
        if value is None:
            return None
        try:
            code = territories.parse_territory(value)
        except territories.UnknownTerritory:
            code = ""
        if code not in territories.COUNTRIES:
            raise serializers.ValidationError(
                "There is no such country. `GET /v1/territories` lists all by their ISO 3166-1 "
                "codes.",
                code="territory_unknown",
            )
        return code

    def validate_phone(self, value: str | None) -> str | None:
        """Take a number in international form alone: no blanks, no brackets, nothing to dial from
        somewhere.
        """
        if value is not None and not _PHONE.match(value):
            raise serializers.ValidationError("Give a number such as +4930123456.", code="invalid")
        return value

    def validate_locale(self, value: str | None) -> str | None:
        """Check that the language is known, and return its canonical tag."""
        try:
            return None if value is None else languages.tidy_language_range(value)
        except languages.UnknownLanguage:
            raise serializers.ValidationError(
                f"There is no such language. {languages.HOW_TO}", code="language_unknown"
            ) from None


class CorrectionFormSerializer(StrictSerializer):
    """Why signed data change. The words are kept sealed beside the old values."""

    reason = ShownTextField(one_line=False, max_length=500)


class SpeakerUpdateSerializer(SpeakerChangesSerializer, NoteChangesSerializer):
    """A change.

    Name, addresses and country of a person who has signed change by a correction alone.
    """

    correction = CorrectionFormSerializer(required=False)


class NewSpeakerSerializer(SpeakerChangesSerializer, NotedFormSerializer):
    """A person to be entered: name and e-mail must be said."""

    name = ShownTextField(max_length=200)
    email = EmailField()
    kind = ChoiceField(choices=Speaker.Kind.choices, default=Speaker.Kind.ADULT)


class SpeakerFilterSerializer(NoteFilterSerializer):
    """What a list of speakers may be narrowed by."""

    email = EmailField(required=False, help_text="People with exactly this address.")
    kind = ChoiceField(choices=Speaker.Kind.values, required=False)
    state = ChoiceField(choices=Speaker.State.values, required=False)


class SpeakerSerializer(ObjectSerializer[Speaker]):
    """A speaker. After an erasure nothing personal is left of it."""

    object_name = "speaker"

    kind = serializers.ChoiceField(choices=Speaker.Kind.choices)
    state = serializers.ChoiceField(choices=Speaker.State.choices)
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    locale = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    erased_at = TimestampField(allow_null=True)

    def open_notes(self, row: Speaker) -> Notes:
        """Open what the caller noted."""
        return speakers.open_speaker_notes(row)

    def compute_fields(self, row: Speaker) -> Mapping[str, Any]:
        """Open the personal fields, all with one look at the key."""
        personal = speakers.open_personal(row)
        return {
            **super().compute_fields(row),
            **{name: getattr(personal, name, None) for name in _PERSONAL},
        }


SpeakerList = make_list_serializer(SpeakerSerializer, "A page of speakers.")

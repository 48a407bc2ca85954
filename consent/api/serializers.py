"""What the API of consent takes: forms that validate shapes.

Codes and terms are judged by the services.
"""

from __future__ import annotations

import re
from typing import Any, Final

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from consent.models import Speaker
from consent.policy import channels, evaluate, languages, territories
from consent.policy.state_machine import ConsentState
from core import durations
from core.api.fields import (
    MOST,
    Bounded,
    Choice,
    CodeField,
    Email,
    Metadata,
    Moment,
    Reference,
    ShownText,
    Whole,
    Word,
)
from core.api.serializers import StrictSerializer
from core.errors import Invalid

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")
FEWEST_LETTERS: Final = 5
"""Letters and digits without which a text describes no purpose."""
MOST_SECONDS: Final = MOST // 1000
"""Seconds are counted in milliseconds."""


def _code_list(most: int = 100, length: int = 64, **options: Any) -> Bounded:
    return Bounded(child=CodeField(max_length=length), most=most, **options)


def _word_list(most: int = 100, **options: Any) -> Bounded:
    """Codes that the service judges in whatever letters they are written."""
    return Bounded(child=Word(max_length=64), most=most, **options)


class _Described(StrictSerializer):
    external_id = Reference(max_length=200, required=False, allow_blank=True)
    metadata = Metadata(required=False)


class SpeakerChanges(_Described):
    """Fields of a speaker that may change; every one may be left out."""

    name = ShownText(max_length=200, required=False)
    email = Email(required=False)
    country = CodeField(max_length=2, required=False, allow_null=True)
    locale = CodeField(max_length=35, required=False, allow_null=True)
    phone = CodeField(
        max_length=16,
        required=False,
        allow_null=True,
        help_text="In international form (ITU-T E.164): +4930123456.",
    )

    def validate_country(self, value: str | None) -> str | None:
        """Know the country."""
        if value is None:
            return None
        try:
            code = territories.parse_territory(value)
        except territories.UnknownTerritory:
            code = ""
        if code not in territories.COUNTRIES:
            raise serializers.ValidationError("There is no such country.", code="territory_unknown")
        return code

    def validate_phone(self, value: str | None) -> str | None:
        """Take a number in international form alone: no blanks, no brackets, nothing to dial from
        somewhere.
        """
        if value is not None and not _PHONE.match(value):
            raise serializers.ValidationError("Give a number such as +4930123456.", code="invalid")
        return value

    def validate_locale(self, value: str | None) -> str | None:
        """Know the language."""
        try:
            return None if value is None else languages.tidy_language_range(value)
        except languages.UnknownLanguage:
            raise serializers.ValidationError(
                "There is no such language.", code="language_unknown"
            ) from None


class CorrectionForm(StrictSerializer):
    """Why what somebody signed under changes. The words are kept sealed beside the old values."""

    reason = ShownText(one_line=False, max_length=500)


class SpeakerUpdate(SpeakerChanges):
    """A change.

    Name, addresses and country of a person who has signed change by a correction alone.
    """

    correction = CorrectionForm(required=False)


class NewSpeaker(SpeakerChanges):
    """A person to be entered: name and e-mail must be said."""

    name = ShownText(max_length=200)
    email = Email()
    kind = Choice(choices=Speaker.Kind.choices, default=Speaker.Kind.ADULT)


class QuotaForm(StrictSerializer):
    """How much may be made: in all, or in each calendar day, week, month or year (UTC)."""

    characters = Whole(required=False, allow_null=True)
    seconds = Whole(required=False, allow_null=True, max_value=MOST_SECONDS)
    clips = Whole(required=False, allow_null=True)
    period = CodeField(
        max_length=8, required=False, allow_null=True, help_text="P1D, P1W, P1M or P1Y."
    )


class GrantForm(StrictSerializer):
    """One purpose with its limits."""

    use_case = Word(max_length=64)
    intended_uses = ShownText(fewest=FEWEST_LETTERS, one_line=False, max_length=2000)
    actions = Bounded(child=Choice(choices=sorted(evaluate.ACTIONS)), allow_empty=False, most=10)
    languages = _word_list(allow_empty=False)
    channels = _word_list(
        required=False,
        allow_empty=False,
        help_text=f"`*` or of: {', '.join(sorted(channels.CHANNELS))}.",
    )
    territories = _word_list(most=300, required=False, allow_empty=False)
    exclusions = _word_list(required=False)
    sensitive_content = _word_list(required=False)
    quota = QuotaForm(required=False, allow_null=True)
    min_disclosure = Choice(choices=("none", "label", "spoken"), required=False)
    on_death = Choice(choices=("stop", "run_to_expiry", "pass_to_estate"), required=False)


class NarrowedGrant(GrantForm):
    """What is left of one grant; what is not said stays as it is."""

    id = CodeField(max_length=30, required=False)
    use_case = Word(max_length=64, required=False)
    intended_uses = ShownText(
        fewest=FEWEST_LETTERS, one_line=False, max_length=2000, required=False
    )
    actions = Bounded(
        child=Choice(choices=sorted(evaluate.ACTIONS)), allow_empty=False, most=10, required=False
    )
    languages = _word_list(allow_empty=False, required=False)


class Narrowing(StrictSerializer):
    """All grants that shall be left; the others are removed."""

    grants = Bounded(child=NarrowedGrant(), most=20)


class RepresentationForm(StrictSerializer):
    """By whom the person was advised: nobody, counsel, or a union under its agreement."""

    kind = Choice(choices=("none", "counsel", "union"), default="none")
    name = ShownText(max_length=200, required=False, allow_null=True)
    agreement = ShownText(max_length=200, required=False, allow_null=True)


class _Term(StrictSerializer):
    valid_until = Moment(required=False, allow_null=True)
    duration = CodeField(max_length=32, required=False, allow_null=True)

    def validate_duration(self, value: str | None) -> str | None:
        """Read it once, so that a slip is told with its field."""
        try:
            if value is not None:
                durations.parse_duration(value)
        except Invalid as error:
            raise serializers.ValidationError(error.detail, code=error.stable_code) from error
        return value


class LinkDelivery(StrictSerializer):
    """By which way the link reaches the person.

    `controller` hands it to the asker; the consent is then L0.
    """

    channel = Choice(choices=("mail", "message", "controller"))


class NewConsent(_Term, _Described):
    """A request to one person."""

    speaker = CodeField(max_length=64)
    notice = CodeField(max_length=50, default="voice-cloning")
    locale = CodeField(max_length=35, default="en")
    assurance = Choice(choices=("L1", "L2", "L3"), default="L1")
    jurisdictions = _code_list(most=50, length=16, required=False)
    valid_from = Moment(required=False, allow_null=True)
    representation = RepresentationForm(required=False, allow_null=True)
    delivery = LinkDelivery(required=False, allow_null=True)
    grants = Bounded(child=GrantForm(), allow_empty=False, most=20)

    def validate_jurisdictions(self, value: list[str]) -> list[str]:
        """Know them, and write each in its one spelling."""
        try:
            return list(dict.fromkeys(territories.parse_territory(code) for code in value))
        except territories.UnknownTerritory:
            raise serializers.ValidationError(
                "A code is not known.", code="territory_unknown"
            ) from None


class Renewal(_Term):
    """For how long to ask this time; left out, for as long as before.

    `delivery` is that of the new link.
    """

    delivery = LinkDelivery(required=False, allow_null=True)


@extend_schema_serializer(component_name="Reason")
class ReasonRequest(StrictSerializer):
    """Why.

    A code of `GET /v1/reasons`, or words: they count as `other` and are kept under the person's
    key.
    """

    # Nobody is kept from ending a consent because the reason is signs alone.
    reason = ShownText(
        fewest=0, one_line=False, max_length=2000, required=False, allow_blank=True, default=""
    )


class Nothing(StrictSerializer):
    """A body without fields."""


class ConsentFilter(StrictSerializer):
    """What a list of consents may be narrowed by."""

    speaker = CodeField(max_length=64, required=False)
    state = Choice(choices=[str(state) for state in ConsentState], required=False)
    expiring_before = Moment(required=False)


class NewDecision(StrictSerializer):
    """A question to the gate: would this be allowed? Names a voice or a consent."""

    voice = CodeField(max_length=64, required=False, allow_null=True)
    consent = CodeField(max_length=64, required=False, allow_null=True)
    action = Choice(choices=sorted(evaluate.ACTIONS), default="synthesize")
    language = Word(max_length=64, required=False, allow_null=True, allow_blank=True)
    use_case = Word(max_length=64, required=False, allow_null=True, allow_blank=True)
    channel = Word(max_length=64, required=False, allow_null=True, allow_blank=True)
    territory = Word(max_length=64, required=False, allow_null=True, allow_blank=True)
    characters = Whole(default=0)
    labels = _word_list(most=20, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of voice and consent."""
        if bool(attrs.get("voice")) == bool(attrs.get("consent")):
            raise serializers.ValidationError(
                {"consent": "Name either `voice` or `consent`."}, code="required"
            )
        return attrs

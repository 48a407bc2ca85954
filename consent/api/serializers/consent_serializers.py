"""Consents as the API shows them, with their grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers

from consent import intended_uses
from consent.api.serializers.consent_forms import GRANT_STATES
from consent.lifecycle import consent_requests, link_deliveries, sealed_fields
from consent.models import Consent, Grant, NoticeVersion
from consent.policy.state_machine import ConsentState
from core.api.fields import NullableTextField, TimestampField
from core.api.pagination import make_list_serializer
from core.api.serializers import ObjectSerializer, OutputSerializer
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Fault

Values = Mapping[str, Any]


class QuotaSerializer(OutputSerializer[Mapping[str, Json]]):
    """How much may be made. What is not there is not limited."""

    characters = serializers.IntegerField(required=False)
    seconds = serializers.IntegerField(required=False)
    clips = serializers.IntegerField(required=False)
    period = serializers.ChoiceField(choices=("P1D", "P1W", "P1M", "P1Y"), required=False)


class GrantSerializer(OutputSerializer[Values]):
    """A grant as it is in force. `signed` tells what was signed where narrowing left less."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=GRANT_STATES)
    use_case = serializers.CharField()
    intended_uses = serializers.CharField(allow_null=True)
    intended_uses_sha256 = serializers.CharField()
    actions = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    channels = serializers.ListField(child=serializers.CharField())
    territories = serializers.ListField(child=serializers.CharField())
    exclusions = serializers.ListField(child=serializers.CharField())
    sensitive_content = serializers.ListField(child=serializers.CharField())
    quota = QuotaSerializer()
    min_disclosure = serializers.CharField()
    on_death = serializers.CharField()
    signed = serializers.DictField(allow_null=True)


class NoticeSerializer(OutputSerializer[NoticeVersion]):
    """What the person was told: the notice, its version, and the hash of its text."""

    key = serializers.CharField(source="notice.key")
    version = serializers.IntegerField()
    locale = serializers.CharField()
    sha256 = serializers.CharField()


class RepresentationSerializer(OutputSerializer[Mapping[str, Json]]):
    """By whom the person was advised."""

    kind = serializers.CharField()
    name = serializers.CharField(required=False, allow_null=True)
    agreement = serializers.CharField(required=False, allow_null=True)


class WarningSerializer(OutputSerializer[Fault]):
    """Something that should be worded better before the person sees it."""

    code = serializers.CharField()
    attr = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class DeliverySerializer(OutputSerializer[Mapping[str, Json]]):
    """How the signing link leaves: by a channel of ours, in a test answer, or in the
    organisation's own hands.
    """

    channel = serializers.ChoiceField(choices=("mail", "message", "controller", "test"))
    masked_address = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=("queued", "sent", "failed"))
    code = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class ConsentSerializer(ObjectSerializer[Consent]):
    """A consent. The link to sign it stands in the answer to the request alone."""

    object_name = "consent"

    speaker = serializers.CharField(source="speaker_id")
    notice = NoticeSerializer(source="notice_version")
    jurisdictions = serializers.ListField(child=serializers.CharField())
    providers = serializers.ListField(child=serializers.CharField())
    representation = RepresentationSerializer()
    state = serializers.ChoiceField(choices=[str(state) for state in ConsentState])
    assurance = serializers.ChoiceField(choices=("L0", "L1", "L2", "L3"))
    method = serializers.CharField(source="signed_method", allow_null=True)
    delivery = DeliverySerializer(allow_null=True)
    valid_from = TimestampField(allow_null=True)
    valid_until = TimestampField(allow_null=True)
    duration = NullableTextField()
    grants = GrantSerializer(many=True)
    signing_expires_at = TimestampField(source="link_expires_at")
    signed_at = TimestampField(allow_null=True)
    record_sha256 = NullableTextField()
    revoked_at = TimestampField(allow_null=True)
    ended_at = TimestampField(allow_null=True)
    supersedes = serializers.CharField(source="supersedes_id", allow_null=True)
    warnings = WarningSerializer(many=True)

    def open_notes(self, row: Consent) -> Notes:
        """Open what the caller noted."""
        return sealed_fields.open_consent_notes(row)

    def compute_fields(self, row: Consent) -> Values:
        """Read the state at the time `at` of the context, and open what lies sealed."""
        return {
            **super().compute_fields(row),
            "representation": sealed_fields.read_representation(row),
            "state": row.state_at(self.context["at"]),
            "delivery": link_deliveries.render_delivery(row),
            "valid_from": row.valid_from or row.asked_from,
            "valid_until": row.valid_until or row.asked_until,
            "grants": list(_list_grants(row)),
            "warnings": (),
        }


class RequestedConsentSerializer(ConsentSerializer):
    """A request that was just made. `signing_url` is there for test data and for level L0 alone."""

    signing_url = serializers.CharField(required=False)

    def compute_fields(self, row: Consent) -> Values:
        """Add what should be worded better, and the link where the asker may have it.

        The context holds the `request` as it was made.
        """
        made: consent_requests.ConsentRequest = self.context["request"]
        values = {**super().compute_fields(row), "warnings": made.warnings}
        return values if made.signing_url is None else {**values, "signing_url": made.signing_url}


ConsentList = make_list_serializer(ConsentSerializer, "A page of consents.")


def _list_grants(row: Consent) -> Iterator[Values]:
    """List the grants in their order, the words of all opened with one look at the key."""
    grants = sorted(row.grants.all(), key=lambda grant: grant.position)
    words = intended_uses.open_words_of_grants(grants, row.speaker.subject)

    for grant in grants:
        known = words.get(grant.id, ())
        is_narrowed = grant.scope != grant.signed
        yield {
            "id": grant.id,
            "state": _grant_state(grant),
            **intended_uses.restore_scope_words(grant.scope, known),
            "signed": (
                intended_uses.restore_scope_words(grant.signed, known) if is_narrowed else None
            ),
        }


def _grant_state(grant: Grant) -> str:
    if grant.declined_at:
        return "declined"
    return "removed" if grant.removed_at else "active"

"""What proves a consent: the signed record, the receipt, the events of the log."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent.documents import consent_record
from consent.errors import NotSigned
from consent.models import Consent
from consent.policy.change_reasons import Party
from core.api.fields import ConstantField, TimestampField
from core.api.pagination import make_list_serializer
from core.api.serializers import OutputSerializer
from core.canonical_json import Json
from transparency_log.log_reader import LoggedEvent

Values = Mapping[str, Json]


class RecordSerializer(OutputSerializer[Consent]):
    """A signed record: the exact bytes, their hash, the signature and the key, bytes in base64."""

    object = ConstantField("consent_record")
    consent = serializers.CharField(source="id")
    record = serializers.CharField()
    jws = serializers.CharField(source="record_jws")
    sha256 = serializers.CharField(source="record_sha256")
    public_key = serializers.CharField()
    key_id = serializers.CharField(source="record_key")

    def compute_fields(self, row: Consent) -> Mapping[str, Any]:
        """Encode the bytes.

        Raises NotSigned.
        """
        if not row.record:
            raise NotSigned("This is not signed yet.", facts={"state": row.state})

        key = consent_record.get_record_key(row.organisation_id, row.record_key)
        return {
            "record": base64.b64encode(bytes(row.record)).decode("ascii"),
            "public_key": base64.b64encode(key).decode("ascii"),
        }


class EventSerializer(OutputSerializer[LoggedEvent]):
    """An event of the log. `body` is null once the key that opens it is gone."""

    id = serializers.CharField(source="event_id")
    object = ConstantField("event")
    type = serializers.CharField(source="kind")
    created_at = TimestampField(source="at")
    livemode = serializers.BooleanField()
    log_index = serializers.IntegerField(source="index", allow_null=True)
    refs = serializers.DictField(child=serializers.CharField())
    by = serializers.ChoiceField(choices=[str(party) for party in Party], allow_null=True)
    body = serializers.DictField(allow_null=True)


EventList = make_list_serializer(EventSerializer, "All events of a consent, oldest first.")


class ScopeInWordsSerializer(OutputSerializer[Values]):
    """A grant in sentences."""

    grant = serializers.CharField()
    intended_uses = serializers.CharField(allow_null=True)
    intended_uses_salt = serializers.CharField(allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())


class CorrectionSerializer(OutputSerializer[Values]):
    """A correction since the signature: what was changed, from what to what."""

    corrected_at = serializers.DateTimeField()
    before = serializers.DictField(child=serializers.CharField(allow_null=True))
    after = serializers.DictField(child=serializers.CharField(allow_null=True))


class SignedPersonSerializer(OutputSerializer[Values]):
    """The name under which was signed, null after an erasure. Corrections stand beside it."""

    signed_name = serializers.CharField(allow_null=True)
    corrections = CorrectionSerializer(many=True)


class ProviderInWordsSerializer(OutputSerializer[Values]):
    """What the person was told of one provider."""

    code = serializers.CharField()
    name = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())


class ReceiptSerializer(OutputSerializer[Values]):
    """The person's copy of a record."""

    schema_version = serializers.CharField()
    profile = serializers.URLField()
    receipt_id = serializers.CharField()
    object = ConstantField("consent_receipt")
    issued_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    state = serializers.CharField()
    record = serializers.DictField()
    person = SignedPersonSerializer()
    record_sha256 = serializers.CharField()
    jws = serializers.CharField()
    providers_in_words = ProviderInWordsSerializer(many=True)
    scope_in_words = ScopeInWordsSerializer(many=True)

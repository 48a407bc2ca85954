"""Provider accounts in the API: the forms that connect and change one, and the answer about one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import (
    BoundedListField,
    CodeField,
    NullableTextField,
    TimestampField,
)
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
from voices import provider_accounts
from voices.api.serializers.input_fields import code_field
from voices.canary import canary_findings, canary_requests
from voices.models import (
    AccountState,
    CanaryCause,
    CanaryState,
    ProviderAccount,
    ProviderCanary,
)

MOST_ORIGINS = 10


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "type": "string",
            "pattern": f"^[!-~]{{1,{provider_accounts.LONGEST_CREDENTIAL}}}$",
        },
        "propertyNames": {"pattern": "^[a-z_]{1,40}$"},
        "maxProperties": 10,
    }
)
class CredentialsField(serializers.DictField):
    """Secrets by their names, such as `api_key`. No answer shows them."""

    child = CodeField(max_length=provider_accounts.LONGEST_CREDENTIAL, trim_whitespace=False)


class _AccountFormSerializer(StrictSerializer):
    """Fields of an account that may change later. Each may be left out."""

    base_url = CodeField(max_length=500, required=False, allow_null=True)
    credentials = CredentialsField(required=False)
    audio_origins = BoundedListField(
        child=CodeField(max_length=500), required=False, limit=MOST_ORIGINS
    )
    settings = serializers.DictField(required=False)


class NewAccountSerializer(_AccountFormSerializer, NotedFormSerializer):
    """`POST /v1/provider_accounts`.

    `base_url` is the provider's own address when it is left out. A self-hosted engine has none.
    `audio_origins` are the only hosts from which audio is fetched that an answer names by address.
    """

    provider = code_field(32)


class AccountChangesSerializer(_AccountFormSerializer, NoteChangesSerializer):
    """`PATCH /v1/provider_accounts/{id}`. Another `base_url` wants the `credentials` again."""


class AccountFilterSerializer(NoteFilterSerializer):
    """What a list of accounts may be narrowed by."""

    provider = code_field(32, required=False)


class CanarySerializer(OutputSerializer[ProviderCanary]):
    """The last check of an account with the service's own voices, and what it cost."""

    id = serializers.CharField()
    cause = serializers.ChoiceField(choices=CanaryCause.values)
    full = serializers.BooleanField(source="is_full")
    state = serializers.ChoiceField(choices=CanaryState.values)
    code = NullableTextField()
    detail = serializers.CharField(allow_null=True)
    findings = serializers.ListField(child=serializers.DictField())
    characters = serializers.IntegerField()
    started_at = TimestampField()
    finished_at = TimestampField(allow_null=True)

    def compute_fields(self, row: ProviderCanary) -> Mapping[str, Any]:
        """Return what a failed check has found, in words."""
        return {"detail": canary_findings.CODES.get(row.code)}


class ProviderAccountSerializer(ObjectSerializer[ProviderAccount]):
    """An account at a provider, without its secrets."""

    object_name = "provider_account"

    provider = serializers.CharField()
    state = serializers.ChoiceField(choices=AccountState.values)
    code = NullableTextField()
    base_url = serializers.CharField()
    credential_names = serializers.ListField(child=serializers.CharField())
    audio_origins = serializers.ListField(child=serializers.CharField())
    settings = serializers.DictField(source="adapter_settings")
    canary = CanarySerializer(allow_null=True)
    changed_at = TimestampField()
    removed_at = TimestampField(allow_null=True)

    def compute_fields(self, row: ProviderAccount) -> Mapping[str, Any]:
        """Return the notes and the last check, which is None before the first."""
        return {**super().compute_fields(row), "canary": canary_requests.get_last_run(row)}

    def open_notes(self, row: ProviderAccount) -> Notes:
        """Return what the caller noted beside the account."""
        return provider_accounts.open_account_notes(row)


ProviderAccountList = make_list_serializer(ProviderAccountSerializer, "A page of accounts.")

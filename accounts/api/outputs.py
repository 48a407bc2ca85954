"""What the API of accounts answers: API keys without secrets, an issued key with its secret, the
test clock.
"""

from __future__ import annotations

from rest_framework import serializers

from accounts import contact_details, note_sealing
from accounts.models import ApiKey, Organisation
from accounts.provisioning import IssuedKey
from core.api.serializers import Rendered
from core.clock import format_timestamp


def render_api_key(key: ApiKey) -> Rendered:
    """The key as the API shows it; `prefix` is what people tell it by."""
    written = note_sealing.note_sealer.get().open_notes(key, organisation_id=key.organisation_id)
    return {
        "id": key.id,
        "object": "api_key",
        "created_at": format_timestamp(key.created_at),
        "livemode": key.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "product": key.product,
        "mode": "live" if key.livemode else "test",
        "prefix": key.prefix,
        "scopes": key.scopes,
        "default_use_case": key.default_use_case or None,
        "default_channel": key.default_channel or None,
        "default_territory": key.default_territory or None,
        "default_language": key.default_language or None,
        "calls_per_minute": key.calls_per_minute,
        "expires_at": format_timestamp(key.expires_at),
        "last_used_at": format_timestamp(key.last_used_at),
        "disabled_at": format_timestamp(key.disabled_at),
        "previous_secret_until": format_timestamp(key.previous_until),
    }


def render_issued_key(made: IssuedKey) -> Rendered:
    """The same with the secret, for the one answer that shows it."""
    return render_api_key(made.key) | {"secret": made.secret}


def render_organisation(row: Organisation, *, livemode: bool) -> Rendered:
    """The organisation as it is shown to people: its name, and how to reach it."""
    said = contact_details.get_contact(row)
    return {
        "id": row.id,
        "object": "organisation",
        "created_at": format_timestamp(row.created_at),
        "livemode": livemode,
        "external_id": None,
        "metadata": {},
        "name": row.name,
        "contact": said.contact or None,
        "dpo": said.dpo or None,
    }


class OrganisationObject(serializers.Serializer[Organisation]):
    """An organisation, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("organisation",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    name = serializers.CharField()
    contact = serializers.CharField(allow_null=True)
    dpo = serializers.CharField(allow_null=True)


class ApiKeyObject(serializers.Serializer[ApiKey]):
    """An API key, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("api_key",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    product = serializers.CharField()
    mode = serializers.ChoiceField(choices=("test", "live"))
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    default_use_case = serializers.CharField(allow_null=True)
    default_channel = serializers.CharField(allow_null=True)
    default_territory = serializers.CharField(allow_null=True)
    default_language = serializers.CharField(allow_null=True)
    calls_per_minute = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    disabled_at = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(allow_null=True)


class IssuedApiKey(ApiKeyObject):
    """An API key with its secret."""

    secret = serializers.CharField()


class ApiKeyList(serializers.Serializer[ApiKey]):
    """A page of API keys."""

    object = serializers.ChoiceField(choices=("list",))
    data = ApiKeyObject(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)


class TestClockObject(serializers.Serializer[None]):
    """Where the test clock stands."""

    __test__ = False
    object = serializers.ChoiceField(choices=("test_clock",))
    livemode = serializers.BooleanField()
    now = serializers.DateTimeField()

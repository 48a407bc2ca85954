"""An organisation's accounts at voice providers: to connect, change and remove one.

Each change is one transaction with its event for the log. Credentials are encrypted before the
database receives them, and no answer shows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from django.db import IntegrityError, transaction

from accounts import domain_events, note_sealing
from accounts.domain_events import DomainEvent
from accounts.principal import Principal
from core import ids, transactions
from core.background_tasks import send_task
from core.caller_notes import Notes
from core.canonical_json import Json
from core.errors import Conflict, Fault, Invalid, NotFound
from upstream import address_rules
from vault import sealed_values, subject_keys
from voices.models import AccountState, CanaryCause, ProviderAccount, Voice, VoiceState
from voices.models.provider_account import ProviderAccountQuerySet
from voices.providers import account_access, registry
from voices.providers.adapter_kinds import AdapterKind

LONGEST_CREDENTIAL: Final = 1000
CHECKED: Final = frozenset({"base_url", "credentials", "settings"})
"""An account in which one of these changes is checked again."""
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,1000}\Z")


class AccountExists(Conflict):
    """The organisation has an account at this provider already."""

    code = "provider_account_exists"


class AccountInUse(Conflict):
    """Voices are at this provider, and without the account they could not be deleted there."""

    code = "provider_account_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to connect. `base_url` of None is the provider's own address."""

    provider: str
    base_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    audio_origins: Sequence[str] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes, repr=False)


def list_accounts(principal: Principal) -> ProviderAccountQuerySet:
    """Return the accounts that are connected, of live or of test data as the key is."""
    rows = ProviderAccount.objects.in_use()
    return rows.filter(organisation_id=principal.organisation_id, livemode=principal.livemode)


def get_account(account_id: str, *, principal: Principal) -> ProviderAccount:
    """Return one account. Raises NotFound."""
    found = list_accounts(principal).filter(id=account_id).first()
    if found is None:
        raise NotFound("There is no such provider account.")
    return found


@transactions.opens_transaction
def connect_account(new: NewAccount, *, principal: Principal, at: datetime) -> ProviderAccount:
    """Connect an account. Once its canary has passed it is used for all voices of the provider.

    Raises ProviderNotFound, Invalid for an address or a credential, AccountExists.
    """
    kind = registry.get_adapter_kind(new.provider)
    account_id = ids.new("pac")
    row = ProviderAccount(
        id=account_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        provider=kind.name,
        base_url=_choose_base_url(kind, new.base_url),
        audio_origins=_check_origins(kind, new.audio_origins),
        adapter_settings=_check_settings(kind, new.settings),
        canary_cause=CanaryCause.CONNECTED,
        created_at=at,
        changed_at=at,
    )
    _set_credentials(row, kind, new.credentials, at=at)
    for column, value in _seal_account_notes(row, new.notes, at=at).items():
        setattr(row, column, value)

    try:
        # A savepoint: PostgreSQL would refuse the rest of the caller's transaction.
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if not list_accounts(principal).filter(provider=kind.name).exists():
            raise
        detail = "There is an account at this provider already. Change it, or remove it first."
        raise AccountExists(detail) from error

    wake_canary(row)
    emit_account_event("connected", row, actor=principal.actor, at=at)
    return row


@transactions.opens_transaction
def change_account(
    account_id: str, changes: Mapping[str, Any], *, principal: Principal, at: datetime
) -> ProviderAccount:
    """Change address, credentials, origins, settings or notes. What matters is checked again.

    Raises NotFound, and Invalid, also for another `base_url` without `credentials`: a stored key
    never goes to another host.
    """
    get_account(account_id, principal=principal)
    row = list_accounts(principal).select_for_update().get(id=account_id)
    kind = registry.get_adapter_kind(row.provider)

    if "base_url" in changes:
        _change_base_url(row, kind, changes)
    if "credentials" in changes:
        _set_credentials(row, kind, changes["credentials"], at=at)
    if "audio_origins" in changes:
        row.audio_origins = _check_origins(kind, changes["audio_origins"])
    if "settings" in changes:
        row.adapter_settings = _check_settings(kind, changes["settings"])

    noted = open_account_notes(row).with_changes(changes)
    for column, value in _seal_account_notes(row, noted, at=at).items():
        setattr(row, column, value)

    row.changed_at = at
    if CHECKED & set(changes):
        _have_checked(row)
    row.save()
    fields = sorted(set(changes) - {"external_id", "metadata"})
    if fields:
        emit_account_event("changed", row, actor=principal.actor, at=at, fields=fields)

    return row


@transactions.opens_transaction
def remove_account(account_id: str, *, principal: Principal, at: datetime) -> ProviderAccount:
    """Remove an account and destroy its credentials.

    Raises NotFound, and AccountInUse while voices are at the provider.
    """
    get_account(account_id, principal=principal)
    row = list_accounts(principal).select_for_update().get(id=account_id)
    if has_voices(row):
        raise AccountInUse("Voices are at this provider. Delete them first, then the account.")

    row.state, row.removed_at, row.changed_at = AccountState.REMOVED, at, at
    row.sealed_credentials, row.credential_names = None, []
    row.save()
    emit_account_event("removed", row, actor=principal.actor, at=at)
    return row


def _have_checked(row: ProviderAccount) -> None:
    """Have an account checked again before it is used."""
    row.state, row.code = AccountState.CHECKING, ""
    row.canary_cause, row.canary_due_at = CanaryCause.CHANGED, None
    wake_canary(row)


def wake_canary(row: ProviderAccount) -> None:
    """Wake a worker that checks an account, after the commit."""
    # The sweep finds the work of a lost message.
    ids_of_row = {"account_id": row.id}
    transaction.on_commit(lambda: send_task("voices.check_account", ids_of_row), robust=True)


def open_account_notes(row: ProviderAccount) -> Notes:
    """Return what the caller noted beside the account."""
    return note_sealing.note_sealer.get().open_notes(row, organisation_id=row.organisation_id)


def has_voices(row: ProviderAccount) -> bool:
    """Return whether voices are at the provider, for which the account is needed."""
    found: bool = _list_remaining_voices(row).exists()
    return found


def _list_remaining_voices(row: ProviderAccount) -> Any:
    here = Voice.objects.filter(
        organisation_id=row.organisation_id, livemode=row.livemode, provider=row.provider
    )
    return here.exclude(state=VoiceState.DELETED)


def _choose_base_url(kind: AdapterKind, given: str | None) -> str:
    address = given or kind.base_url
    if address is None:
        raise _refuse("base_url", "required", "Say where this engine is.")

    return address_rules.check_base_url(address, is_self_hosted=kind.is_self_hosted)


def _change_base_url(row: ProviderAccount, kind: AdapterKind, changes: Mapping[str, Any]) -> None:
    address = _choose_base_url(kind, changes["base_url"])
    if address != row.base_url and row.credential_names and "credentials" not in changes:
        detail = "Give the credentials again with another address: a stored key goes to no other."
        raise _refuse("credentials", "required", detail)

    row.base_url = address


def _check_origins(kind: AdapterKind, origins: Sequence[str]) -> list[str]:
    checked: list[str] = []
    for number, origin in enumerate(origins):
        try:
            checked.append(address_rules.check_base_url(origin, is_self_hosted=kind.is_self_hosted))
        except Invalid as invalid:
            raise _refuse(f"audio_origins.{number}", invalid.code, invalid.detail) from invalid

    return checked


def _check_settings(kind: AdapterKind, settings: Mapping[str, Json]) -> dict[str, Json]:
    if kind.check_settings is not None:
        return dict(kind.check_settings(settings))
    if settings:
        raise _refuse("settings", "unknown_field", "This provider has no settings.")

    return {}


def _set_credentials(
    row: ProviderAccount, kind: AdapterKind, credentials: Mapping[str, str], *, at: datetime
) -> None:
    """Check the credentials and seal them under the organisation's key."""
    known = kind.credential_names | kind.optional_credentials
    if unknown := sorted(set(credentials) - known):
        raise _refuse(f"credentials.{unknown[0][:60]}", "unknown_field", "There is no such field.")
    if missing := sorted(kind.credential_names - set(credentials)):
        raise _refuse(f"credentials.{missing[0]}", "required", "This is missing.")

    for name, secret in credentials.items():
        # It goes into a header, so no blank and no line break.
        if not _VISIBLE.match(secret):
            detail = f"This must be 1 to {LONGEST_CREDENTIAL} visible ASCII characters."
            raise _refuse(f"credentials.{name}", "invalid", detail)

    row.credential_names = sorted(credentials)
    own = subject_keys.get_organisation_subject(row.organisation_id, at=at)
    row.sealed_credentials = (
        sealed_values.seal(
            own,
            account_access.build_credential_context(row.id),
            cast("dict[str, Json]", dict(credentials)),
        )
        if credentials
        else None
    )


def _seal_account_notes(row: ProviderAccount, notes: Notes, *, at: datetime) -> Mapping[str, Any]:
    return note_sealing.note_sealer.get().columns(
        notes, row_id=row.id, organisation_id=row.organisation_id, at=at
    )


def _refuse(attr: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=attr),))


def emit_account_event(
    act: str, row: ProviderAccount, *, actor: str, at: datetime, fields: Sequence[str] = ()
) -> None:
    """Send the event. The log learns provider and fields, never an address or a secret."""
    facts: dict[str, Json] = {
        "action": f"provider_account.{act}",
        "account": row.id,
        "provider": row.provider,
    }
    if fields:
        facts["fields"] = list(fields)

    domain_events.emit_event(
        DomainEvent(
            kind="admin.action",
            organisation_id=row.organisation_id,
            livemode=row.livemode,
            at=at,
            actor=actor,
            refs={},
            facts=facts,
        )
    )

"""Opens an organisation's account at a provider for one call."""

from __future__ import annotations

from typing import Final, cast

from consent.policy.providers import LOCAL
from core import transactions
from core.compiled_queries import CompiledQuery
from core.errors import Fault, Invalid, Unavailable
from vault import sealed_values, subject_keys
from voices.models import AccountState, ProviderAccount
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.base import Owned


def _compile_by_provider(*, livemode: bool) -> CompiledQuery[ProviderAccount]:
    return CompiledQuery(
        lambda organisation_id, provider: ProviderAccount.objects.in_use().filter(
            organisation_id=organisation_id, livemode=livemode, provider=provider
        ),
        texts=2,
    )


_BY_PROVIDER: Final = {mode: _compile_by_provider(livemode=mode) for mode in (False, True)}


class ProviderNotConnected(Invalid):
    """The organisation has no account at this provider."""

    code = "provider_not_connected"


class ProviderAccountClosed(Unavailable):
    """The account failed a check, and is not used until it passes one."""

    code = "provider_account_closed"


class ProviderAccountUnchecked(Unavailable):
    """The account was connected or changed, and has not passed its check yet."""

    code = "provider_account_unchecked"


def open_account(provider: str, owner: Owned) -> ConnectedAccount:
    """Return the account of `owner` at a provider, with its credentials.

    Raises ProviderNotConnected, ProviderAccountUnchecked, ProviderAccountClosed.
    """
    row = _require_account(provider, owner)
    if row.state == AccountState.CHECKING:
        raise ProviderAccountUnchecked(
            "The account at this provider is being checked.", facts={"account": row.id}
        )
    if row.state == AccountState.CLOSED:
        raise ProviderAccountClosed(
            "The account at this provider is closed, because it failed a check.",
            facts={"account": row.id, "reason": row.code},
        )

    return open_account_row(row)


def open_account_to_delete(provider: str, owner: Owned) -> ConnectedAccount:
    """Return the same, whatever its check found: what is there can always be deleted.

    Raises ProviderNotConnected.
    """
    return open_account_row(_require_account(provider, owner))


def open_account_row(row: ProviderAccount) -> ConnectedAccount:
    """Return an account with its credentials, in whatever state it is."""
    return ConnectedAccount(
        account_id=row.id,
        base_url=row.base_url,
        credentials=_open_credentials(row),
        audio_origins=tuple(row.audio_origins),
        settings=row.adapter_settings,
    )


def _require_account(provider: str, owner: Owned) -> ProviderAccount:
    row = find_account(provider, owner)
    if row is None:
        raise _refuse_unconnected()

    return row


def _refuse_unconnected() -> ProviderNotConnected:
    detail = "This organisation has no account there. Connect one at `/v1/provider_accounts`."
    fault = Fault(code=ProviderNotConnected.code, detail=detail, attr="provider")
    return ProviderNotConnected(detail, faults=(fault,))


@transactions.requires_transaction
def hold_account_row(provider: str, owner: Owned) -> None:
    """Keep the account of `owner` at a provider from being removed before this transaction ends.

    The built-in engine needs none. Raises ProviderNotConnected.
    """
    if provider == LOCAL:
        return

    rows = ProviderAccount.objects.in_use().filter(
        organisation_id=owner.organisation_id, livemode=owner.livemode, provider=provider
    )
    if rows.select_for_update(no_key=True).first() is None:
        raise _refuse_unconnected()


def find_account(provider: str, owner: Owned) -> ProviderAccount | None:
    """Return the row of the account of `owner` at a provider, None where there is none."""
    return _BY_PROVIDER[owner.livemode].find_first(owner.organisation_id, provider)


def list_connected_providers(owner: Owned) -> tuple[str, ...]:
    """Return the names of the providers at which `owner` has an account, sorted."""
    return list_account_providers(owner.organisation_id, livemode=owner.livemode)


def list_account_providers(organisation_id: str, *, livemode: bool) -> tuple[str, ...]:
    """Return the same by organisation and mode."""
    rows = ProviderAccount.objects.in_use().filter(
        organisation_id=organisation_id, livemode=livemode
    )
    return tuple(rows.order_by("provider").values_list("provider", flat=True))


def build_credential_context(account_id: str) -> str:
    """Return the context under which an account's credentials are sealed."""
    return f"provider-account|{account_id}"


def _open_credentials(row: ProviderAccount) -> dict[str, str]:
    if row.sealed_credentials is None:
        return {}

    _, derive = subject_keys.open_subject(
        None, organisation_id=row.organisation_id, at=row.created_at
    )
    opened = sealed_values.unseal_with(
        derive, build_credential_context(row.id), bytes(row.sealed_credentials)
    )
    return cast("dict[str, str]", opened)

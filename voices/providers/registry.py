"""The registry of providers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.errors import Fault, Invalid
from voices.providers import account_access
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.base import Owned, Provider
from voices.providers.cartesia.adapter import CARTESIA
from voices.providers.declared.engine_kinds import ENGINE_KINDS
from voices.providers.elevenlabs.adapter import ELEVENLABS
from voices.providers.fish.adapter import FISH
from voices.providers.generic.adapter import GENERIC
from voices.providers.inworld.adapter import INWORLD
from voices.providers.local.adapter import Local
from voices.providers.openai.adapter import OPENAI
from voices.providers.resemble.adapter import RESEMBLE
from voices.providers.tensorone.adapter import TENSORONE

LOCAL: Final = "local"
_BUILT_IN: Final[Mapping[str, Callable[[], Provider]]] = {LOCAL: Local}
_KINDS: Final[Mapping[str, AdapterKind]] = {
    kind.name: kind
    for kind in (
        CARTESIA,
        ELEVENLABS,
        FISH,
        INWORLD,
        OPENAI,
        RESEMBLE,
        TENSORONE,
        *ENGINE_KINDS,
        GENERIC,
    )
}


class ProviderNotFound(Invalid):
    """There is no such provider here."""

    code = "provider_unknown"


def list_provider_names() -> tuple[str, ...]:
    """Return the names of all providers here."""
    return tuple(sorted((*_BUILT_IN, *_KINDS)))


def list_declared_engines() -> frozenset[str]:
    """Return the names of the declared engines, which an organisation runs itself."""
    return frozenset(kind.name for kind in ENGINE_KINDS)


def get_adapter_kind(name: str) -> AdapterKind:
    """Return what is known of the provider of this name, which an account can be connected to.

    Raises ProviderNotFound, also for the built-in engine, which needs no account.
    """
    kind = _KINDS.get(name)
    if kind is None:
        raise _refuse_name(sorted(_KINDS))

    return kind


def get_provider(name: str, owner: Owned) -> Provider:
    """Return the provider of this name, connected by the account of `owner`.

    Raises ProviderNotFound, ProviderNotConnected, ProviderAccountUnchecked, ProviderAccountClosed.
    """
    return _connect_provider(name, owner, account_access.open_account)


def get_provider_to_delete(name: str, owner: Owned) -> Provider:
    """Return the same for a deletion, which an account that failed its check does not hinder.

    Raises ProviderNotFound, ProviderNotConnected.
    """
    return _connect_provider(name, owner, account_access.open_account_to_delete)


def _connect_provider(
    name: str, owner: Owned, open_account: Callable[[str, Owned], ConnectedAccount]
) -> Provider:
    if (built_in := _BUILT_IN.get(name)) is not None:
        return built_in()

    kind = _KINDS.get(name)
    if kind is None:
        raise _refuse_name(list_provider_names())

    return kind.connect(open_account(name, owner))


def _refuse_name(known: tuple[str, ...] | list[str]) -> ProviderNotFound:
    detail = f"The provider must be one of: {', '.join(known)}."
    fault = Fault(code="provider_unknown", detail=detail, attr="provider")
    return ProviderNotFound(detail, faults=(fault,))

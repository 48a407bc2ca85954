"""The registry of providers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.errors import Fault, Invalid
from voices.providers.base import Provider
from voices.providers.local.adapter import Local

_FACTORIES: Final[Mapping[str, Callable[[], Provider]]] = {"local": Local}


class ProviderNotFound(Invalid):
    """There is no such provider here, or none is connected."""

    code = "provider_unknown"


def list_provider_names() -> tuple[str, ...]:
    """Return the names of all providers here."""
    return tuple(sorted(_FACTORIES))


def get_provider(name: str) -> Provider:
    """Return the provider of this name.

    Raises ProviderNotFound.
    """
    factory = _FACTORIES.get(name)
    if factory is None:
        detail = f"The provider must be one of: {', '.join(sorted(_FACTORIES))}."
        fault = Fault(code="provider_unknown", detail=detail, attr="provider")
        raise ProviderNotFound(detail, faults=(fault,))

    return factory()

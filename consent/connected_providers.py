"""Connected providers: those that an organisation can reach now, as the rooms above know them.

A request that names no providers asks for the built-in engine and for these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from consent.policy import providers
from core.hooks import Registry

ConnectedProviders = Callable[..., Iterable[str]]
"""Takes `organisation_id` and, by name, `livemode`. Returns the codes of connected providers."""

connected_sources: Final = Registry[ConnectedProviders](
    "consent.connected_providers.connected_sources"
)


def list_default_providers(organisation_id: str, *, livemode: bool) -> list[str]:
    """Return the providers of a request that names none, in canonical codes.

    Raises UnknownProvider for a code of a room above that is not in the list of providers.
    """
    connected = [
        providers.parse_provider(code)
        for source in connected_sources
        for code in source(organisation_id, livemode=livemode)
    ]

    return providers.sort_providers([providers.LOCAL, *connected])

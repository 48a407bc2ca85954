"""What can go wrong with a provider's address or account, beside the errors of every adapter."""

from __future__ import annotations

from core.errors import Unavailable
from voices.providers.base import ProviderRefused, ProviderUnavailable


class ProviderAccountRefused(Unavailable):
    """The provider does not accept the account: its key, its rights or its credit. Nothing was
    made.

    Waiting does not help, so no circuit breaker counts it. Someone mends the account.
    """

    code = "provider_account_refused"
    retryable = False


class ProviderAddressRefused(ProviderRefused):
    """The provider's address, or that of its audio, leads to where this service does not go."""

    code = "provider_address_refused"


class ExchangeEnded(ProviderUnavailable):
    """We ended the exchange ourselves. It says nothing about the provider."""

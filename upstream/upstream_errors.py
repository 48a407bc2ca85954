"""What can go wrong with a provider: its answer, its address, its account."""

from __future__ import annotations

from core.errors import Invalid, Unavailable


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not in time. Nothing was decided. Trying again may help."""

    code = "provider_unavailable"


class ProviderRefused(Invalid):
    """The provider does not take this request, and would not take it again."""

    code = "provider_refused"


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

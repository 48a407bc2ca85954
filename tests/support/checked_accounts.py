"""Accounts whose canary has run: the whole of it, against the emulator behind them."""

from __future__ import annotations

from core import clock, ids
from tests.conftest import NOON
from tests.emulators.emulator import Emulator
from voices.canary import account_canary
from voices.models import CanaryState, ProviderAccount, ProviderCanary
from voices.providers.base import Owned


def check_account(account_id: str, emulator: Emulator | None = None) -> ProviderCanary:
    """Run the canary of an account, which must pass. The emulator then forgets it."""
    run = run_canary_of(account_id)
    assert run.state == CanaryState.PASSED, (run.code, run.findings)
    if emulator is not None:
        emulator.forget_canary()
    return run


def insert_account(owner: Owned, provider: str) -> ProviderAccount:
    """Write the row of an account that is used, where a test brings the provider itself."""
    return ProviderAccount.objects.create(
        id=ids.new("pac"),
        organisation_id=owner.organisation_id,
        livemode=owner.livemode,
        provider=provider,
        base_url="https://provider.example",
        state="active",
        created_at=NOON,
        changed_at=NOON,
    )


def skip_canary(account_id: str) -> None:
    """Use an account whose server is too little to pass, where its speed or its end is measured.

    A canary that runs already changes nothing then.
    """
    ProviderAccount.objects.filter(id=account_id).update(
        state="active", code="", canary_cause="", canary_due_at=None, changed_at=clock.now()
    )


def run_canary_of(account_id: str) -> ProviderCanary:
    """Run the canary of an account, without its pauses."""
    return account_canary.run_account_canary(
        account_id, actor="system:test", wall_clock=lambda: NOON, pause=lambda _seconds: None
    )

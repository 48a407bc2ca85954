"""Accounts whose canary has run: the whole of it, against the emulator behind them."""

from __future__ import annotations

from tests.conftest import NOON
from tests.emulators.emulator import Emulator
from voices.canary import account_canary
from voices.models import CanaryState, ProviderCanary


def check_account(account_id: str, emulator: Emulator | None = None) -> ProviderCanary:
    """Run the canary of an account, which must pass. The emulator then begins anew."""
    run = run_canary_of(account_id)
    assert run.state == CanaryState.PASSED, (run.code, run.findings)
    if emulator is not None:
        emulator.forget_canary()
    return run


def run_canary_of(account_id: str) -> ProviderCanary:
    """Run the canary of an account, without its pauses."""
    return account_canary.run_account_canary(
        account_id, actor="system:test", wall_clock=lambda: NOON, pause=lambda _seconds: None
    )

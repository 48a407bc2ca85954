"""Which accounts are to be checked, and what their last check was."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.principal import Principal
from core import leases, transactions
from voices import provider_accounts
from voices.models import CanaryCause, CanaryState, ProviderAccount, ProviderCanary


@transactions.opens_transaction
def ask_for_canary(account_id: str, *, principal: Principal, at: datetime) -> ProviderAccount:
    """Have an account checked now, whatever its state. Raises NotFound."""
    row = provider_accounts.get_account(account_id, principal=principal)
    provider_accounts.list_accounts(principal).filter(id=row.id, canary_cause="").update(
        canary_cause=CanaryCause.ASKED, canary_due_at=None
    )
    provider_accounts.wake_canary(row)
    provider_accounts.emit_account_event("check_asked", row, actor=principal.actor, at=at)
    return row


def list_due_accounts(*, at: datetime, limit: int = 100) -> tuple[str, ...]:
    """Return the ids of the accounts whose canary is due: new, changed, or a day old."""
    asked = ~Q(canary_cause="") & (Q(canary_due_at=None) | Q(canary_due_at__lte=at))
    due = ProviderAccount.objects.in_use().filter(asked | Q(canary_due_at__lte=at))
    running = ProviderCanary.objects.filter(
        ~leases.has_no_lease(at), account=OuterRef("id"), state=CanaryState.RUNNING
    )
    free = due.filter(~Exists(running)).order_by("canary_due_at", "id")
    return tuple(free.values_list("id", flat=True)[:limit])


def get_last_run(account: ProviderAccount) -> ProviderCanary | None:
    """Return the newest run of an account, None before the first."""
    return account.canaries.order_by("-started_at", "-id").first()

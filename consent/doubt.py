"""Doubt after a restored backup: nobody here knows what was revoked since, so no consent speaks until one says so."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from accounts.clock import now_for
from consent.life import lifecycle
from consent.models import Consent
from consent.rules.states import State
from core import tx
from provenance import recovery
from vault.keys import KeyDestroyed

REASON: Final = "restored"


def register() -> None:
    """Have it done in the transaction in which a log accepts its loss; called when the applications start."""
    recovery.register(suspend_all)


@tx.required
def suspend_all(organisation_id: str, *, actor: str, at: datetime) -> None:
    """Suspend every active consent of the organisation, live and test, each with its log entry. `at` is the real time.

    The gate denies with `consent_suspended` from then on; who has looked into what happened since resumes them.
    """
    active = Consent.objects.filter(organisation_id=organisation_id, state=State.ACTIVE)
    for consent in active.select_related("organisation").order_by("id"):
        here = now_for(consent.organisation, livemode=consent.livemode, real=at)
        try:
            lifecycle.suspend(
                consent.id,
                organisation_id=organisation_id,
                livemode=consent.livemode,
                reason=REASON,
                actor=actor,
                at=here,
            )
        except KeyDestroyed:
            continue  # erased since, beyond the backup's reach: no voice of theirs can be opened, nor an entry sealed

"""Suspension of all consents after a restored backup.

What was withdrawn since the backup is not known. So no consent permits anything until a member
resumes it.
"""

from __future__ import annotations

from typing import Final

from accounts.sandbox_clock import now_for
from consent.lifecycle import transitions
from consent.models import Consent
from consent.policy.state_machine import ConsentState
from core import transactions
from transparency_log.recovery import LostHistory
from vault.subject_keys import KeyDestroyed

REASON: Final = "restored"


@transactions.requires_transaction
def suspend_all(loss: LostHistory) -> None:
    """Suspend every active consent of the organisation, live and test, each with its log entry.

    The gate denies with `consent_suspended` from then on, until a member has found out what
    happened since, and resumes them.
    """
    active = Consent.objects.filter(organisation_id=loss.organisation_id, state=ConsentState.ACTIVE)
    for consent in active.select_related("organisation").order_by("id"):
        here = now_for(consent.organisation, livemode=consent.livemode, wall_time=loss.at)
        try:
            transitions.suspend_consent(
                consent.id,
                organisation_id=loss.organisation_id,
                livemode=consent.livemode,
                reason=REASON,
                actor=loss.actor,
                at=here,
            )
        except KeyDestroyed:
            # Erased since, beyond the backup's reach. Neither a voice of theirs can be opened, nor
            # an entry sealed.
            continue

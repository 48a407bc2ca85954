"""Expiry: what time alone does to consents. The sweep may run twice, and late."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from consent.lifecycle import transitions
from consent.models import Consent
from consent.policy.state_machine import ConsentState
from core.contained_faults import contain_fault

ACTOR = "system:sweep"


def expire_due(*, at: datetime, limit: int = 500) -> int:
    """End consents whose term is over and requests without an answer. Return their number.

    `at` is the real time. Test data follows the clock of its organisation.
    """
    ended = _end_consents(Q(), at=at, limit=limit)

    for organisation in Organisation.objects.filter(test_clock_ms__gt=0).order_by("id"):
        ended += _end_consents(
            Q(organisation=organisation, livemode=False),
            at=now_for(organisation, livemode=False, wall_time=at),
            limit=limit,
        )

    return ended


# Called by the registry, by position.
def expire_organisation(organisation_id: str, livemode: bool, at: datetime) -> int:  # noqa: FBT001
    """End everything that is over in one organisation's live or test data.

    `at` is the time of that data.
    """
    return _end_consents(Q(organisation_id=organisation_id, livemode=livemode), at=at, limit=None)


def _end_consents(scope: Q, *, at: datetime, limit: int | None) -> int:
    ended = 0

    over = Consent.objects.over(at).filter(scope).order_by("valid_until", "id")
    for consent_id in list(over.values_list("id", flat=True)[:limit]):
        with contain_fault("consent not ended", consent=consent_id):
            ended += transitions.expire_consent(consent_id, actor=ACTOR, at=at)

    unanswered = (
        Consent.objects.reading(ConsentState.LAPSED, at=at)
        .filter(scope, state=ConsentState.REQUESTED)
        .order_by("id")
    )
    for consent_id in list(unanswered.values_list("id", flat=True)[:limit]):
        with contain_fault("request not ended", consent=consent_id):
            ended += transitions.lapse_request(consent_id, actor=ACTOR, at=at)

    return ended

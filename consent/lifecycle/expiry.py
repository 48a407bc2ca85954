"""Expiry: what time alone does to consents. The sweep may run twice, and late."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from consent.lifecycle import transitions
from consent.models import Consent
from consent.policy.state_machine import ConsentState

ACTOR = "system:sweep"


def expire_due(*, at: datetime, most: int = 500) -> int:
    """End consents whose term is over and requests without an answer. Return their number.

    `at` is the real time. Test data follows the clock of its organisation.
    """
    ended = _end_consents(Q(), at=at, most=most)

    for organisation in Organisation.objects.filter(test_clock_ms__gt=0).order_by("id"):
        ended += _end_consents(
            Q(organisation=organisation, livemode=False),
            at=now_for(organisation, livemode=False, real=at),
            most=most,
        )

    return ended


# Called by the registry, by position.
def expire_all_of(organisation_id: str, livemode: bool, at: datetime) -> int:  # noqa: FBT001
    """End everything that is over in one organisation's live or test data.

    `at` is the time of that data.
    """
    return _end_consents(Q(organisation_id=organisation_id, livemode=livemode), at=at, most=None)


def _end_consents(mine: Q, *, at: datetime, most: int | None) -> int:
    ended = 0

    over = Consent.objects.over(at).filter(mine).order_by("valid_until", "id")
    for consent_id in list(over.values_list("id", flat=True)[:most]):
        ended += transitions.expire_consent(consent_id, actor=ACTOR, at=at)

    unanswered = (
        Consent.objects.reading(ConsentState.LAPSED, at=at)
        .filter(mine, state=ConsentState.REQUESTED)
        .order_by("id")
    )
    for consent_id in list(unanswered.values_list("id", flat=True)[:most]):
        ended += transitions.lapse_request(consent_id, actor=ACTOR, at=at)

    return ended

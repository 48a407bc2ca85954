"""Sweeps: what time alone does to consents. Run by beat; safe to run twice, and safe to be late."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.clock import now_for
from accounts.models import Organisation
from consent.life import lifecycle
from consent.models import Consent
from consent.rules.states import State

ACTOR = "system:sweep"


def expire_due(*, at: datetime, most: int = 500) -> int:
    """End consents whose term is over and requests that nobody answered; give their number. `at` is the real time.

    Test data lives by its organisation's own clock.
    """
    return sum(_due(organisation=None, at=at, most=most)) + sum(
        count
        for organisation in Organisation.objects.filter(test_clock_ms__gt=0).order_by("id")
        for count in _due(organisation=organisation, at=now_for(organisation, livemode=False, real=at), most=most)
    )


def _due(*, organisation: Organisation | None, at: datetime, most: int) -> tuple[int, int]:
    mine = Q() if organisation is None else Q(organisation=organisation, livemode=False)
    over = Consent.objects.over(at).filter(mine).order_by("valid_until", "id").values_list("id", flat=True)[:most]
    lapsed = Consent.objects.reading(State.LAPSED, at=at).filter(mine, state=State.REQUESTED)
    unanswered = lapsed.order_by("id")
    return (
        sum(lifecycle.expire(consent_id, actor=ACTOR, at=at) for consent_id in list(over)),
        sum(
            lifecycle.lapse(consent_id, actor=ACTOR, at=at)
            for consent_id in list(unanswered.values_list("id", flat=True)[:most])
        ),
    )

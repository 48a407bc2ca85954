"""Judging: gathers what a decision rests on, holds it against what was signed, and lets the policy judge."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from consent import facts, record_check, voice_lookup
from consent.explaining import explain
from consent.facts import Gathered
from consent.rules import policy
from consent.rules.asks import Ask, Facts, Reason, Verdict

logger = logging.getLogger(__name__)


def judge(ask: Ask, *, at: datetime, quota: bool = True) -> tuple[Gathered | None, Verdict]:
    """Gather and judge; without `quota`, what is left of it does not count, since it was set aside or spent before.

    Whatever goes wrong in here is a refusal: the gate denies when it is in doubt.
    """
    try:
        with transaction.atomic():
            gathered = facts.gather(ask, at=at)
            if gathered.chain:
                record_check.check(gathered.chain, gathered.signed, gathered.holds, on=at.date())
            verdict = policy.judge(ask, gathered.facts if quota else _without_quota(gathered.facts))
            if verdict.allowed and gathered.consent is not None:
                record_check.check_others(gathered.others, gathered.holds)
                if ask.voice_id:
                    rests_on = {consent.id for consent in gathered.chain}
                    voice_lookup.check_bound(ask.voice_id, rests_on, subject=gathered.consent.speaker.subject)
            return gathered, replace(verdict, reasons=tuple(explain(reason) for reason in verdict.reasons))
    except Exception:
        logger.exception("the gate was in doubt")
        doubt = Reason(code="internal_doubt", detail="The decision could not be made; nothing is allowed in doubt.")
        return None, Verdict(reasons=(doubt,), grant=None)


def _without_quota(facts: Facts) -> Facts:
    if facts.consent is None:
        return facts
    grants = tuple(
        replace(grant, characters_left=None, milliseconds_left=None, clips_left=None) for grant in facts.consent.grants
    )
    return replace(facts, consent=replace(facts.consent, grants=grants))

"""Judging: gathers what a decision rests on, holds it against what was signed, and lets the policy
judge.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from consent import decision_context, signed_record_check, voice_lookup
from consent.decision_context import LoadedContext
from consent.denial_messages import explain_reason
from consent.policy import evaluate
from consent.policy.types import AccessRequest, PolicyContext, PolicyResult, Reason

logger = logging.getLogger(__name__)


def load_and_evaluate(
    ask: AccessRequest, *, at: datetime, quota: bool = True
) -> tuple[LoadedContext | None, PolicyResult]:
    """Gather and judge; without `quota`, what is left of it does not count, since it was set aside
    or spent before.

    Whatever goes wrong in here is a refusal: the gate denies when it is in doubt.
    """
    try:
        # A doubt must undo what was read, and nothing was written yet: no savepoint is needed.
        with transaction.atomic(savepoint=False):
            gathered = decision_context.load_context(ask, at=at)
            if gathered.chain:
                signed_record_check.check_signed_records(
                    gathered.chain, gathered.signed, gathered.holds, on=at.date()
                )
            verdict = evaluate.evaluate_request(
                ask, gathered.facts if quota else _ignore_quota(gathered.facts)
            )
            if verdict.is_allowed and gathered.consent is not None:
                signed_record_check.check_other_consents(gathered.others, gathered.holds)
                if ask.voice_id:
                    rests_on = {consent.id for consent in gathered.chain}
                    voice_lookup.check_bound(
                        ask.voice_id, rests_on, subject=gathered.consent.speaker.subject
                    )
            return gathered, replace(
                verdict, reasons=tuple(explain_reason(reason) for reason in verdict.reasons)
            )
    except Exception:
        logger.exception("the gate was in doubt")
        doubt = Reason(
            code="internal_doubt",
            detail="The decision could not be made; nothing is allowed in doubt.",
        )
        return None, PolicyResult(reasons=(doubt,), grant=None)


def _ignore_quota(facts: PolicyContext) -> PolicyContext:
    if facts.consent is None:
        return facts
    grants = tuple(
        replace(grant, characters_left=None, milliseconds_left=None, clips_left=None)
        for grant in facts.consent.grants
    )
    return replace(facts, consent=replace(facts.consent, grants=grants))

"""Evaluation of an access request: load the facts, verify them, let the policy judge."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.db import OperationalError, transaction

from consent import decision_context, signed_record_check, voice_lookup
from consent.decision_context import LoadedContext
from consent.denial_messages import explain_reason
from consent.policy import evaluate
from consent.policy.types import AccessRequest, PolicyContext, PolicyResult, Reason
from consent.voice_lookup import VoiceRow

logger = logging.getLogger(__name__)


def load_and_evaluate(
    request: AccessRequest, *, at: datetime, quota: bool = True, voice: VoiceRow | None = None
) -> tuple[LoadedContext | None, PolicyResult]:
    """Load the facts of a request and evaluate it.

    1. Read the rows that the decision rests on.
    2. Verify the signed records of the consents among them.
    3. Let the policy judge.
    4. If it allows, verify the person's other consents and the voice's binding.

    Without `quota` the quota left does not count, because it was reserved or spent before. `voice`
    is the row of the request's voice, if it is read already. Any error in here is a denial, but for
    a database that is away: then nothing can be decided.

    Raises OperationalError.
    """
    try:
        # A doubt must undo what was read, and nothing was written yet: no savepoint is needed.
        with transaction.atomic(savepoint=False):
            gathered = decision_context.load_context(request, at=at)

            if gathered.chain:
                signed_record_check.check_signed_records(
                    gathered.chain, gathered.signed, gathered.holds, on=at.date()
                )

            verdict = evaluate.evaluate_request(
                request, gathered.facts if quota else _ignore_quota(gathered.facts)
            )

            if verdict.is_allowed and gathered.consent is not None:
                signed_record_check.check_other_consents(gathered.others, gathered.holds)
                if request.voice_id:
                    rests_on = {consent.id for consent in gathered.chain}
                    voice_lookup.check_bound(
                        request.voice_id,
                        rests_on,
                        subject=gathered.consent.speaker.subject,
                        row=voice,
                    )

            consent = gathered.facts.consent
            several = consent is not None and len(consent.grants) > 1
            said = (explain_reason(reason, of_several=several) for reason in verdict.reasons)
            return gathered, replace(verdict, reasons=tuple(said))
    except OperationalError:
        raise
    except Exception:
        logger.exception("the gate was in doubt")
        doubt = Reason(
            code="internal_doubt",
            detail="The decision could not be made. Nothing is allowed in doubt.",
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

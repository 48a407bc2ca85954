"""The policy: does one grant cover what is asked?

Pure, and the same for the gate, the tests and the bench.

`evaluate_request` goes through every rule and collects all reasons against. A permit comes from one
single grant. When no grant fits, the reasons are those of the nearest one, and name it: a grant for
the use that was asked for comes before any other, then one for the act, then one for the language,
then the one with the fewest failures. Otherwise a person would be said not to have agreed to what
they signed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from consent.policy.consent_checks import check_consent, check_request
from consent.policy.grant_checks import check_grant
from consent.policy.types import (
    AccessRequest,
    ConsentView,
    PolicyContext,
    PolicyResult,
    Reason,
    make_reason,
)

VERSION: Final = "2026-12-01.4"
_OTHER_USE: Final = "use_case_not_covered"
_RANKED: Final = (_OTHER_USE, "action_not_covered", "language_not_covered")
"""What makes a grant the wrong one to explain, the gravest first."""


def evaluate_request(request: AccessRequest, facts: PolicyContext) -> PolicyResult:
    """Find the one grant that covers what is asked, or the reasons of the nearest one.

    Default deny.
    """
    general = check_request(request, facts)
    consent = facts.consent
    if consent is None:
        general.append(
            Reason(code="no_consent", detail="There is no consent that this call could rest on.")
        )
        return PolicyResult(reasons=tuple(general), grant=None)
    general.extend(check_consent(request, facts, consent))

    refused: list[list[Reason]] = []
    for grant in consent.grants:
        against = check_grant(request, grant, consent, facts)
        if not against and not general:
            return PolicyResult(reasons=(), grant=grant)
        refused.append(against)

    return PolicyResult(reasons=(*general, *_explain_grants(request, consent, refused)), grant=None)


def _explain_grants(
    request: AccessRequest, consent: ConsentView, refused: list[list[Reason]]
) -> list[Reason]:
    """Return the reasons of the nearest grant. A use that it lacks names those of every grant."""
    if not refused:
        detail = "This consent has no grant left."
        return [make_reason("action_not_covered", detail, consent, required=request.action)]

    if len(refused) == 1:
        return refused[0]

    # Of equally near ones the first.
    nearest = min(refused, key=_rank_reasons)
    uses = tuple(dict.fromkeys(grant.use_case for grant in consent.grants))
    return [
        replace(reason, granted=uses) if reason.code == _OTHER_USE else reason for reason in nearest
    ]


def _rank_reasons(against: list[Reason]) -> tuple[bool | int, ...]:
    codes = {reason.code for reason in against}

    return (*(code in codes for code in _RANKED), len(against))

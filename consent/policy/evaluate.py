"""The policy: does one grant cover what is asked?

Pure, and the same for the gate, the tests and the bench.

`evaluate_request` goes through every rule and collects all reasons against. A permit comes from one
single grant. When no grant fits, the reasons are those of the nearest one: the one with the fewest
failures, and among equals one that covers the use case.
"""

from __future__ import annotations

from typing import Final

from consent.policy.consent_checks import check_consent, check_request
from consent.policy.grant_checks import check_grant
from consent.policy.types import AccessRequest, PolicyContext, PolicyResult, Reason, make_reason

VERSION: Final = "2026-11-29.1"


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
    nearest: list[Reason] | None = None
    rank = (0, 0)
    for grant in consent.grants:
        against = check_grant(request, grant, consent, facts)
        if not against and not general:
            return PolicyResult(reasons=(), grant=grant)
        mine = (len(against), sum(reason.code == "use_case_not_covered" for reason in against))
        if nearest is None or mine < rank:
            nearest, rank = against, mine
    if nearest is None:
        nearest = [
            make_reason(
                "action_not_covered",
                "This consent has no grant left.",
                consent,
                required=request.action,
            )
        ]
    return PolicyResult(reasons=(*general, *nearest), grant=None)

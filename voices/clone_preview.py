"""The gate's answer to a clone before anything is read or fetched for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from accounts.principal import Principal
from consent import gate
from voices import cloning
from voices.synthesis_requests import CloneRequest


def ask_before_clone(
    order: CloneRequest, languages: Iterable[str], *, principal: Principal, at: datetime
) -> None:
    """Check that the order would be allowed, in its own language and in each of `languages`.

    Each question is recorded and logged, and uses nothing. The permit comes with the clone.

    Raises ConsentDenied.
    """
    asked = cloning.build_clone_request(order, principal)
    for language in dict.fromkeys((order.language, *languages)):
        question = replace(asked, language=language)
        decision = gate.preview_decision(question, at=at, actor=principal.actor)
        if not decision.allowed:
            raise gate.ConsentDenied(gate.read_reasons(decision), decision_id=decision.id)

"""What a proxy route has to say of an error, in no provider's shape yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_SPOKEN: Final = 3
"""How many reasons stand in the sentence. All of them are in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFault:
    """An error of a proxy route: our stable code, a sentence, and all reasons of a refusal."""

    status: int
    code: str
    message: str
    reasons: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    request_id: str = ""


def build_proxy_fault(status: int, problem: Mapping[str, Any]) -> ProxyFault:
    """Return the fault that a problem document describes."""
    reasons = problem.get("reasons") or ()
    errors = problem.get("errors") or ()
    message = str(problem.get("detail") or problem.get("title") or "")
    told = [f"{reason['code']}: {reason['detail']}" for reason in reasons[:_SPOKEN]]
    told += [f"{error['attr'] or 'body'}: {error['detail']}" for error in errors[:_SPOKEN]]
    return ProxyFault(
        status=status,
        code=str(problem.get("code") or "internal"),
        message=" ".join((message, *told)),
        reasons=tuple(reasons),
        request_id=str(problem.get("request_id") or ""),
    )

"""What a proxy route has to say of an error, in no provider's shape yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_SPOKEN: Final = 3
"""How many wrong fields stand in the sentence."""


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
    message = str(problem.get("detail") or problem.get("title") or "")
    if reasons:
        # The sentence says why. The codes are for programs that see nothing else.
        codes = dict.fromkeys(str(reason["code"]) for reason in reasons)
        told = [f"({', '.join(codes)})"]
    else:
        told = [
            f"{error['attr']}: {error['detail']}"
            for error in (problem.get("errors") or ())[:_SPOKEN]
            if error["attr"] and error["detail"] != message
        ]
    return ProxyFault(
        status=status,
        code=str(problem.get("code") or "internal"),
        message=" ".join((message, *told)),
        reasons=tuple(reasons),
        request_id=str(problem.get("request_id") or ""),
    )

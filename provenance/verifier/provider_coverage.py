"""Whether a consent covers a provider: as it was signed, and as narrowing left it."""

from __future__ import annotations

from typing import Any

from provenance.verifier.log_history import Happened

# What everything from before providers were part of the scope was made by: the built-in engine.
ONLY_PROVIDER = "local"
# Actions that a provider carries out.
AT_A_PROVIDER = ("clone", "synthesize")


def list_signed_providers(record: dict[str, Any]) -> list[str]:
    """Return the providers that a signed record names."""
    return [one["code"] for one in record.get("providers", ({"code": ONLY_PROVIDER},))]


def find_left_providers(signed: list[str], events: list[Happened]) -> list[str] | None:
    """Return the providers that the narrowings among `events` left.

    None if one of them is closed, because it cannot be told then.
    """
    left = signed
    for event in events:
        if event.kind == "consent.narrowed":
            if event.body is None:
                return None
            left = event.body.get("providers", left)

    return left


def get_asked_provider(ask: dict[str, Any]) -> str | None:
    """Return the provider of a request. None if it was a question that named none."""
    if "provider" in ask or ask["preview"] or ask["action"] not in AT_A_PROVIDER:
        return ask.get("provider")

    return ONLY_PROVIDER


def list_uncovered_provider(
    ask: dict[str, Any], record: dict[str, Any], before: list[Happened]
) -> list[str]:
    """Return `provider` if the providers of that time did not cover a request.

    A question may name no provider. A call may not.
    """
    asked = get_asked_provider(ask)
    if asked is None:
        named = ask["preview"] or ask["action"] not in AT_A_PROVIDER
        return [] if named else ["provider"]

    signed = list_signed_providers(record)
    left = find_left_providers(signed, before)

    return [] if asked in (signed if left is None else left) else ["provider"]

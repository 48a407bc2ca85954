"""The routes of Fish Audio's SDKs: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_ACCOUNT: Final = "This is about the provider's account, which is not the caller's."

RULES: Final = RouteRules(
    provider="fish",
    gated=frozenset(
        {
            ("GET", "model"),
            ("POST", "model"),
            ("GET", "model/*"),
            ("PATCH", "model/*"),
            ("DELETE", "model/*"),
            ("POST", "v1/tts"),
        }
    ),
    refused=(
        RefusedFamily("v1/tts/live", "A WebSocket, which is not gated yet."),
        RefusedFamily("v1/asr", "This reads speech and makes none."),
        RefusedFamily("wallet", _ACCOUNT),
    ),
)

"""The routes of Inworld's SDKs: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

RULES: Final = RouteRules(
    provider="inworld",
    gated=frozenset(
        {
            ("GET", "voices/v1/voices"),
            ("POST", "voices/v1/voices:clone"),
            ("POST", "voices/v1/workspaces/*/voices:clone"),
            ("GET", "voices/v1/voices/*"),
            ("PATCH", "voices/v1/voices/*"),
            ("DELETE", "voices/v1/voices/*"),
            ("POST", "tts/v1/voice"),
            ("POST", "tts/v1/voice:stream"),
        }
    ),
    refused=(
        RefusedFamily(
            "voices/v1/voices/*:publish",
            "Voices are private here. Publishing one would be another use than was signed.",
        ),
        RefusedFamily(
            "voices/v1/voices:design",
            "A designed voice is no one's clone. Only voices with a consent are made here.",
        ),
        RefusedFamily("tts/v1/voice:streamBidirectional", "A WebSocket, which is not gated yet."),
        # The SDK asks another provider for these, by that provider's own key.
        RefusedFamily(
            "v1/voices",
            "A migration copies a voice from another provider, which no one signed for.",
        ),
    ),
)

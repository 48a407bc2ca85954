"""The routes of TensorOne's documents. It has no SDK, and all of these are gated."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_VOICES: Final = "v2/ai/voice-cloning"

RULES: Final = RouteRules(
    provider="tensorone",
    gated=frozenset(
        {
            ("POST", _VOICES),
            ("GET", f"{_VOICES}/voices"),
            ("POST", f"{_VOICES}/batch-speak"),
            ("GET", f"{_VOICES}/batch/*"),
            ("GET", f"{_VOICES}/*/status"),
            ("POST", f"{_VOICES}/*/speak"),
            ("DELETE", f"{_VOICES}/*"),
        }
    ),
    refused=(
        RefusedFamily(
            "v2/ai/text-to-speech",
            "This speaks with the provider's own voices, which are no one's clone here.",
        ),
    ),
)

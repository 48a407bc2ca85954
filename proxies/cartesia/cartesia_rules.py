"""The routes of Cartesia's SDK: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_TRAINING: Final = "This trains a model of recordings that no one has checked."
_WEBSOCKET: Final = "A WebSocket, which is not gated yet."

RULES: Final = RouteRules(
    provider="cartesia",
    gated=frozenset(
        {
            ("GET", "voices"),
            ("POST", "voices/clone"),
            ("GET", "voices/*"),
            ("PATCH", "voices/*"),
            ("DELETE", "voices/*"),
            ("POST", "tts/bytes"),
            ("POST", "tts/sse"),
        }
    ),
    refused=(
        RefusedFamily("tts/websocket", _WEBSOCKET),
        RefusedFamily("stt", "This reads speech and makes none."),
        RefusedFamily(
            "access-token", "This hands out a key with which the provider is called past the gate."
        ),
        RefusedFamily(
            "voices/localize", "A copy in another language needs a consent for that language."
        ),
        RefusedFamily("voices/*/accents", "An accent makes another voice than was signed."),
        RefusedFamily("accents", "The list is about accents, which are not offered here."),
        RefusedFamily("infill", "An infill makes a person say in a recording what they did not."),
        RefusedFamily(
            "voice-changer", "A voice changer puts a voice on a recording that no one has judged."
        ),
        RefusedFamily("fine-tunes", _TRAINING),
        RefusedFamily("datasets", _TRAINING),
        RefusedFamily(
            "pronunciation-dicts", "A dictionary changes what is said after it was judged."
        ),
        RefusedFamily(
            "agents", "An agent speaks texts that no one has judged, over its own connections."
        ),
        RefusedFamily("usage", "This is about the provider's account, which is not the caller's."),
    ),
)

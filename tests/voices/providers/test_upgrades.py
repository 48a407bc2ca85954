"""A WebSocket's upgrade is 403 in the provider's body: by path, by host name, on every route."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.config.test_proxy_addresses import pass_edge
from tests.voices.conftest import Http

pytestmark = [pytest.mark.once, pytest.mark.django_db]

UPGRADE = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Sec-WebSocket-Version": "13"}
PATHS = {
    "cartesia": ["tts/websocket", "stt/websocket", "voices"],
    "elevenlabs": [
        "v1/text-to-speech/x/stream-input",
        "v1/text-to-speech/x/multi-stream-input",
        "v1/text-to-dialogue/multi-stream-input",
        "v1/convai/conversation",
        "v1/text-to-speech/x/stream",
    ],
    "fish": ["v1/tts/live", "v1/tts", "model"],
    "inworld": ["tts/v1/voice:streamBidirectional", "tts/v1/voice:stream", "voices/v1/voices"],
    "openai": ["v1/realtime", "v1/responses", "v1/audio/speech/stream", "v1/audio/speech"],
    "resemble": ["stream", "synthesize", "api/v2/voices"],
    "tensorone": ["v2/ai/voice-cloning/voices", "v2/ai/realtime"],
}
CODES = {
    "cartesia": ("error_code",),
    "elevenlabs": ("detail", "status"),
    "fish": ("code",),
    "inworld": ("details", 0, "code"),
    "openai": ("error", "code"),
    "resemble": ("error_name",),
    "tensorone": ("code",),
}
"""Where the provider's error has our code."""
ROUTES = [(name, path) for name, paths in PATHS.items() for path in paths]


def read_code(name: str, body: Any) -> Any:
    """Our code in an error of the provider's."""
    for step in CODES[name]:
        body = body[step]
    return body


class TestAnUpgrade:
    @pytest.mark.parametrize(("name", "path"), ROUTES)
    def test_is_refused_in_the_providers_body(self, client: Http, name: str, path: str) -> None:
        answer = client.get(f"/proxy/{name}/{path}?model=x", headers=UPGRADE)

        told = (answer.status_code, read_code(name, answer.json()))
        assert told == (403, "websocket_not_offered"), answer.content

    @pytest.mark.parametrize("name", sorted(PATHS))
    def test_is_refused_at_a_host_of_the_providers_own(
        self, client: Http, name: str, settings: Settings
    ) -> None:
        settings.SAYSO_PROXY_HOSTS = {"tts.example": name}
        settings.ALLOWED_HOSTS = ["tts.example"]

        seen = pass_edge(f"/{PATHS[name][0]}", [(b"host", b"TTS.example:443")])
        answer = client.get(seen["path"], headers={**UPGRADE, "Host": "tts.example"})

        assert seen["path"] == f"/proxy/{name}/{PATHS[name][0]}"
        told = (answer.status_code, read_code(name, answer.json()))
        assert told == (403, "websocket_not_offered"), answer.content

    def test_without_a_key_learns_nothing(self) -> None:
        answer = APIClient().get("/proxy/inworld/tts/v1/voice:stream", headers=UPGRADE)
        assert (answer.status_code, answer.json()["code"]) == (401, 16)


class TestAHostOfAProvider:
    @pytest.mark.parametrize("name", sorted(PATHS))
    def test_has_no_route_but_the_providers(
        self, client: Http, name: str, settings: Settings
    ) -> None:
        settings.SAYSO_PROXY_HOSTS = {"tts.example": name}
        settings.ALLOWED_HOSTS = ["tts.example"]
        host = [(b"host", b"tts.example")]

        for path in ("/v1/consents", "/admin/", "/verify", "/proxy/fish/model", "/"):
            seen = pass_edge(path, host)
            answer = client.get(seen["path"], headers={"Host": "tts.example"})
            told = (answer.status_code, read_code(name, answer.json()))
            assert told == (404, "route_not_offered"), (path, answer.content)

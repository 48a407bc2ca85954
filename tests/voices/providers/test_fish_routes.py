"""Fish Audio's routes that are refused."""

from __future__ import annotations

import pytest

from tests.voices.conftest import Http

pytestmark = pytest.mark.django_db
BASE = "/proxy/fish"


class TestOtherRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "word"),
        [
            ("POST", "v1/asr", "reads speech"),
            ("GET", "wallet/self/api-credit", "account"),
            ("GET", "wallet/self/package", "account"),
            ("POST", "v1/tts/live", "WebSocket"),
            ("POST", "model/x/share", "no such route"),
        ],
    )
    def test_are_refused_with_the_reason(
        self, client: Http, method: str, path: str, word: str
    ) -> None:
        answer = client.generic(method, f"{BASE}/{path}", b"", "application/msgpack")

        told = answer.json()
        assert (answer.status_code, told["code"]) == (404, "route_not_offered"), told
        assert word in told["message"]

    def test_over_a_websocket_are_refused_at_the_upgrade(self, client: Http) -> None:
        answer = client.get(f"{BASE}/v1/tts/live", headers={"Upgrade": "websocket"})

        assert (answer.status_code, answer.json()["code"]) == (403, "websocket_not_offered")

"""A WebSocket's upgrade, as SDKs send it, is answered 403 in the provider's own body."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_an_upgrade_is_refused_in_the_providers_body(gate: str, acme_key: str) -> None:
    place = urlsplit(gate).netloc
    told: dict[str, tuple[int, str]] = {}
    for path, header in (
        ("elevenlabs/v1/text-to-speech/vox_x/stream-input?model_id=m", "xi-api-key"),
        ("cartesia/tts/websocket?cartesia_version=2026-08-14", "x-api-key"),
    ):
        connection = HTTPConnection(place, timeout=20)
        connection.request("GET", f"/proxy/{path}", headers={**UPGRADE, header: acme_key})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        code = body["error_code"] if "error_code" in body else body["detail"]["status"]
        told[path.partition("/")[0]] = (answer.status, code)

    assert told == dict.fromkeys(("elevenlabs", "cartesia"), (403, "websocket_not_offered"))

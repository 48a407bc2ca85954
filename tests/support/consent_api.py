"""What the API tests of consent share: a client at noon, and the way to a consent in force."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.test import APIClient

from tests.support.consent_factories import AUDIOBOOK

ANA = {"name": "Ana María Gómez", "email": "ana@example.org", "country": "es", "locale": "es"}


def fetch(api: APIClient, path: str) -> Any:
    """The JSON at a path."""
    return json.loads(api.get(path).content)


def post(api: APIClient, path: str, body: object = None, status: int | None = None) -> Any:
    answer = api.post(path, {} if body is None else body, format="json")
    assert status is None or answer.status_code == status, answer.content
    return json.loads(answer.content)


def asked(api: APIClient, *grants: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A consent that was asked for and is not signed."""
    speaker = post(api, "/v1/speakers", ANA, 201)["id"]
    body = {"speaker": speaker, "duration": "P1Y", "grants": list(grants) or [AUDIOBOOK], **changes}
    made: dict[str, Any] = post(api, "/v1/consents", body, 201)
    return made


def signed(api: APIClient, *grants: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A consent in force."""
    made: dict[str, Any] = post(
        api, f"/v1/test/consents/{asked(api, *grants, **changes)['id']}/sign", status=200
    )
    return made


def decided(api: APIClient, consent: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {
        "consent": consent["id"],
        "language": "en",
        "use_case": "entertainment.audiobook",
        **changes,
    }
    answer: dict[str, Any] = post(api, "/v1/decisions", body, 200)
    return answer

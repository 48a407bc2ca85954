"""The calls that every walk begins with: a consent asked for and signed, a decision, a sentence
spoken.
"""

from __future__ import annotations

from typing import Any

from tests.contract.conftest import Answer, Sender, World
from tests.voices.conftest import AUDIOBOOK, grant_of

ADA = {"name": "Ada Example", "email": "ada@example.org"}


def asked(http: Sender, **changes: Any) -> dict[str, Any]:
    """A request for consent, as the contract writes one."""
    speaker = http.post("/v1/speakers", ADA).json()["id"]
    body: dict[str, Any] = {
        "speaker": speaker, "notice": "voice-cloning", "locale": "en", "assurance": "L1",
        "jurisdictions": ["EU"], "valid_from": None, "valid_until": "2027-11-20T00:00:00Z",
        "duration": None, "representation": {"kind": "none"},
        "grants": [grant_of(languages=["en", "de-DE"])],
    }  # fmt: skip
    answer = http.post("/v1/consents", body | changes)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def signed(http: Sender, **changes: Any) -> dict[str, Any]:
    answer = http.post(f"/v1/test/consents/{asked(http, **changes)['id']}/sign")
    assert answer.status_code == 200, answer.content
    made: dict[str, Any] = answer.json()
    return made


def decided(http: Sender, **ask: Any) -> dict[str, Any]:
    body = {"action": "synthesize", "language": "en", "use_case": AUDIOBOOK} | ask
    found: dict[str, Any] = http.post("/v1/decisions", body).json()
    return found


def say(http: Sender, world: World, **changes: Any) -> Answer:
    return http.post("/v1/speech", world.speech() | changes)

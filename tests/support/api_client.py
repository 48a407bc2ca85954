"""A customer of the service over HTTP: from a speaker to a voice, and whatever is asked of it
then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from accounts import api_key_changes, provisioning
from accounts.api_scopes import ALL
from accounts.models import Organisation
from config.demo.client import Client, DemoResponse
from core import clock
from tests.support.processes import wait_until

AUDIO: Final = Path(__file__).parent.parent / "data" / "audio"
AUDIOBOOK: Final = "entertainment.audiobook"
SENTENCE: Final = "The lamps along the harbour were lit one after another."
GRANT: Final = {
    "use_case": AUDIOBOOK,
    "intended_uses": "Narration of the novel “The Harbour Lamps”, unabridged, in two languages.",
    "actions": ["clone", "synthesize"],
    "languages": ["en", "de"],
    "channels": ["*"],
    "territories": ["*"],
    "exclusions": [],
    "quota": {"characters": 100_000},
}
OVER: Final = {"done", "refused", "failed"}


def new_key(name: str) -> str:
    """An organisation of this name with a test key of every scope, made now: child processes live
    by the real clock.
    """
    at = clock.now() - timedelta(seconds=5)
    home = Organisation.objects.filter(name=name).first() or provisioning.create_organisation(
        name=name, at=at, reached_at="voices@acme.example"
    )
    issued = api_key_changes.issue_key(
        organisation=home,
        product="Reader",
        livemode=False,
        scopes_granted=ALL,
        actor="system:test",
        at=at,
    )
    return issued.secret


@dataclass(kw_only=True)
class Customer:
    """One organisation's product, and the ids it was given."""

    client: Client
    speaker: str = ""
    consent: str = ""
    voice: str = ""

    def get(self, path: str) -> Any:
        """What is there."""
        return expect(self.client.get(path), 200)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What became of it; anything but success fails the test."""
        return expect(self.client.post(path, body), 200, 201, 202)

    def connect(self, account: dict[str, Any]) -> str:
        """Connect an account at a provider, wait until its canary has passed; give its id."""
        account_id = str(self.post("/v1/provider_accounts", account)["id"])
        path = f"/v1/provider_accounts/{account_id}"
        found = self.until(path, "active", "closed")
        assert found == "active", self.get(path)
        return account_id

    def meet(self, *, sign: bool = True) -> None:
        """A speaker is entered, asked, and signs by the test route."""
        self.speaker = self.post(
            "/v1/speakers", {"name": "Mara Lindqvist", "email": "mara@example.org"}
        )["id"]
        body = {
            "speaker": self.speaker,
            "duration": "P1Y",
            "jurisdictions": ["EU"],
            "grants": [GRANT],
        }
        self.consent = self.post("/v1/consents", body)["id"]
        if sign:
            assert self.post(f"/v1/test/consents/{self.consent}/sign")["state"] == "active"

    def clone(self, reading: str = "0870") -> None:
        """A voice from one recording; one that the gate never gives to another consent."""
        fields = {"consent": self.consent, "name": "Mara", "language": "en", "use_case": AUDIOBOOK}
        files = [("samples", AUDIO / f"librivox-austen-{reading}.wav")]
        self.voice = expect(self.client.upload("/v1/voices", fields, files), 201, 202)["id"]
        assert self.until(f"/v1/voices/{self.voice}", "ready", "failed") == "ready"

    def words(self, text: str = SENTENCE, language: str = "en") -> dict[str, Any]:
        """A body for the speech calls."""
        return {"voice": self.voice, "text": text, "language": language, "use_case": AUDIOBOOK}

    def job(self, **changes: Any) -> str:
        """Speech that no one waits for; gives the job's id."""
        body: dict[str, Any] = {**self.words(), "delivery": {"mode": "job"}, **changes}
        return str(self.post("/v1/speech", body)["id"])

    def batch(self, texts: list[str]) -> str:
        """Many texts in one job; gives its id."""
        items = [{"text": text} for text in texts]
        common = {"voice": self.voice, "language": "en", "use_case": AUDIOBOOK}
        return str(self.post("/v1/speech/batch", {"items": items, **common})["id"])

    def until(self, path: str, *states: str, seconds: float = 120.0) -> str:
        """Wait until the object there is in one of these states; give the state."""
        wait_until(lambda: self.get(path)["state"] in states, f"{path} {states}", seconds=seconds)
        return str(self.get(path)["state"])


def expect(answer: DemoResponse, *statuses: int) -> Any:
    """The body of an answer with one of these statuses."""
    assert answer.status in statuses, (
        f"{answer.status}: {answer.body[:800].decode(errors='replace')}"
    )
    return answer.json

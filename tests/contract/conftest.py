"""A product of Acme with one of everything, and a client that sends exactly the bytes that a test
wants sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.client import ClientHandler

from accounts.models import ApiKey
from config import error_codes
from consent.models import Consent, Speaker
from erasure.models import Erasure
from provenance.models import Clip, Export
from tests.fixtures.organisations import MakeKey
from tests.support.api_operations import statement_body
from tests.support.voice_scenarios import open_task
from tests.voices.conftest import (
    AUDIOBOOK,
    SENTENCE,
    Reader,
    grant_of,
)
from vault.models import Blob
from voices.models import Job, Sample, Voice

Answer = Any
LIBRARY_WORDS = re.compile(
    r"Traceback|NoneType|\bstr\b|\bdict\b|\bint\(|\bobject at 0x|Expected a|has no "
    r"attribute|unhashable"
    r"|Ensure this|Not a valid|not a valid choice|This field|No data provided|submitted data|codec "
    r"can't"
)
"""How Python, Django and the framework talk. What we answer is in our own words."""

COUNTED = (Speaker, Consent, Voice, Sample, Blob, Clip, Job, Export, Erasure, ApiKey)
COUNT_ROWS = '(SELECT count(*) FROM "?")'


@dataclass(frozen=True)
class Sender:
    """An HTTP client with a key.

    A server error arrives as an answer; every answer must name its request.
    """

    secret: str | None
    handler: ClientHandler = field(
        default_factory=partial(ClientHandler, enforce_csrf_checks=False), compare=False
    )

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str | None = "application/json",
        **headers: Any,
    ) -> Answer:
        own: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {self.secret}"} if self.secret else {}
        sent: dict[str, Any] = {} if body is None or kind is None else {"content_type": kind}
        # No cookie outlives a call, but all calls go through one chain of middleware.
        client = Client(raise_request_exception=False)
        client.handler = self.handler
        answer = client.generic(
            method, path, b"" if body is None else body, **sent, **own, **headers
        )
        assert answer["X-Request-Id"].startswith("req_")
        return answer

    def get(self, path: str, **headers: Any) -> Answer:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: Any) -> Answer:
        return self.send("POST", path, json.dumps(body or {}).encode(), **headers)

    def patch(self, path: str, body: object, **headers: Any) -> Answer:
        return self.send("PATCH", path, json.dumps(body).encode(), **headers)

    def delete(self, path: str, **headers: Any) -> Answer:
        return self.send("DELETE", path, **headers)


@pytest.fixture
def http(make_key: MakeKey, clock_at_noon: None, reader: Reader) -> Sender:
    """Acme's test key at noon, in the hands of someone who calls often; the provider is a real
    reader.
    """
    return Sender(make_key(calls_per_minute=100_000).secret)


@pytest.fixture
def anybody(db: None, clock_at_noon: None) -> Sender:
    """Someone without a key."""
    return Sender(None)


class World(Mapping[str, str]):
    """The ids of one of everything, under the names of the path parameters, each made when it is
    first asked for.
    """

    NAMES = (
        "speaker_id", "consent_id", "voice_id", "clip_id", "decision_id", "job_id", "export_id",
        "erasure_id", "key_id", "account_id", "manifestId", "statement_id",
        "task_id",
    )  # fmt: skip

    def __init__(self, http: Sender, voices: Callable[[], Voice]) -> None:
        self._http = http
        self.voices = voices
        self._made: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)

    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            self._made |= self._connect() if name == "account_id" else self._make(name)
        return self._made[name]

    def _make(self, name: str) -> dict[str, str]:
        match name:
            case "speaker_id" | "consent_id" | "voice_id":
                voice = self.voices()
                return {
                    "speaker_id": voice.speaker_id,
                    "consent_id": voice.consent_id,
                    "voice_id": voice.id,
                }
            case "clip_id" | "decision_id":
                spoken = self._http.post("/v1/speech", self.speech())
                return {"clip_id": spoken["Sayso-Clip"], "decision_id": spoken["Sayso-Decision"]}
            case "manifestId":
                shown = self._http.get(f"/v1/clips/{self['clip_id']}").json()
                return {"manifestId": shown["c2pa"]["manifest_id"]}
            case "job_id":
                return self._post(name, "/v1/speech", self.speech() | {"delivery": {"mode": "job"}})
            case "export_id" | "statement_id" | "task_id":
                return self._post_beside(name)
            case "erasure_id":
                path = f"/v1/speakers/{self.voices().speaker_id}/erase"
                return self._post(name, path, {"reason": "requested"})
            case "key_id":
                return self._post(
                    name, "/v1/api_keys", {"product": "X", "scopes": ["clips:read"], "mode": "test"}
                )
        raise KeyError(name)

    def _connect(self) -> dict[str, str]:
        """An account at a provider. There is one for each provider."""
        path = "/v1/provider_accounts"
        body = {"provider": "inworld", "credentials": {"api_key": "a-key"}}
        made = self._http.post(path, body)
        row = made.json() if made.status_code == 201 else self._http.get(path).json()["data"][0]
        return {"account_id": row["id"]}

    def _post_beside(self, name: str) -> dict[str, str]:
        if name == "task_id":
            return {name: open_task(self.voices()).id}
        if name == "export_id":
            return self._post(name, "/v1/exports", {"kind": "audit"})
        path = f"/v1/consents/{self['consent_id']}/statements"
        return self._post(name, path, statement_body())

    def _post(self, name: str, path: str, body: dict[str, Any]) -> dict[str, str]:
        return {name: self._http.post(path, body).json()["id"]}

    def grant(self) -> dict[str, Any]:
        """A grant for audiobooks."""
        return grant_of()

    def speech(self) -> dict[str, Any]:
        """A good call of the voice."""
        return {
            "voice": self["voice_id"],
            "text": SENTENCE,
            "language": "en",
            "use_case": AUDIOBOOK,
        }


@pytest.fixture
def world(http: Sender, make_voice: Callable[[], Voice]) -> World:
    """One of everything."""
    return World(http, make_voice)


def rows() -> dict[str, int]:
    """How many there are of everything that a request could leave half-made."""
    # One statement: hundreds of requests in a test are each followed by this.
    with connection.cursor() as cursor:
        cursor.execute(_count_rows_sql())
        return dict(zip((kind.__name__ for kind in COUNTED), cursor.fetchone(), strict=True))


@cache
def _count_rows_sql() -> str:
    counts = (COUNT_ROWS.replace("?", kind._meta.db_table) for kind in COUNTED)
    return "SELECT " + ", ".join(counts)


def problem(answer: Answer, status: int | None = None, code: str | None = None) -> dict[str, Any]:
    """The problem document of an answer, checked to be one."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.content[:300]!r}"
    assert answer["Content-Type"] == "application/problem+json", answer.content[:300]
    found: dict[str, Any] = json.loads(answer.content)
    assert {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "errors",
    } <= found.keys()
    assert (found["status"], found["request_id"]) == (answer.status_code, answer["X-Request-Id"])
    assert found["type"].endswith(f"/problems/{found['code']}")
    assert all(set(fault) == {"code", "attr", "detail"} for fault in found["errors"])
    assert not [
        fault for fault in found["errors"] if error_codes.get_error_code(fault["code"]) is None
    ], found
    assert not LIBRARY_WORDS.search(answer.content.decode()), answer.content[:500]
    assert status in {None, found["status"]}, found
    assert code in {None, found["code"]}, found
    return found

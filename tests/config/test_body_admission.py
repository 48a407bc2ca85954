"""Large bodies at the door: key, scope and limits are asked before a byte is read (S7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import ApiKey
from config.asgi import body_admission, body_limits
from config.asgi.application import application
from config.asgi.body_limits import Message
from core.places import ByteBudget
from provenance import anonymous_rate_limit
from tests.fixtures.organisations import MakeKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock_at_noon")]
HUGE = 130 * 2**20
FORM = "multipart/form-data; boundary=b"


class Asked:
    """One request whose body comes in pieces, and what became of it."""

    def __init__(
        self,
        path: str,
        *,
        key: str | None = None,
        declared: int | None = HUGE,
        pieces: int = 3,
        content_type: str = FORM,
    ) -> None:
        self.read, self.sent = 0, list[Message]()
        self._pieces = pieces
        self._answered_after: int | None = None
        headers = [(b"host", b"127.0.0.1"), (b"content-type", content_type.encode())]
        if declared is None:
            headers.append((b"transfer-encoding", b"chunked"))
        else:
            headers.append((b"content-length", str(declared).encode()))
        if key is not None:
            headers.append((b"authorization", f"Bearer {key}".encode()))
        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": path, "headers": headers,
            "query_string": b"", "client": ("203.0.113.9", 1),
        }  # fmt: skip
        asyncio.run(application(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self.read == self._pieces:
            await asyncio.sleep(60)  # whoever still asks waits for the client to go away
        self.read += 1
        more = self.read < self._pieces
        return {"type": "http.request", "body": bytes(2**19), "more_body": more}

    async def _send(self, message: Message) -> None:
        if self._answered_after is None:
            self._answered_after = self.read
        self.sent.append(message)

    @property
    def verdict(self) -> tuple[int, str, int]:
        """Status, code, and how many pieces were read before the answer began."""
        start, body = self.sent[:2]
        return start["status"], json.loads(body["body"])["code"], self._answered_after or 0

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAIN_SECONDS", 0.05)


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[ByteBudget]:
    """A budget of ten megabytes, of which nothing may be left taken."""
    found = ByteBudget(lambda: 10 * 2**20)
    monkeypatch.setattr(body_admission, "BODY_BYTES", found)
    yield found
    assert found.in_use == 0


class TestABodyWithoutAGoodKey:
    @pytest.mark.parametrize("declared", [HUGE, None], ids=["declared", "chunked"])
    @pytest.mark.parametrize("path", ["/v1/voices", "/v1/speech/batch", "/v1/verify/batch"])
    def test_is_refused_unread(self, path: str, declared: int | None) -> None:
        within = min(declared, 12 * 2**20) if declared else None
        for key in (None, "sayso_test_x", f"sayso_test_{'a' * 49}"):
            asked = Asked(path, key=key, declared=within)
            assert asked.verdict == (401, "unauthenticated", 0)
            assert asked.headers["www-authenticate"] == "Bearer"

    def test_of_a_disabled_key_is_refused_unread(self, make_key: MakeKey, noon: Any) -> None:
        secret = make_key().secret
        ApiKey.objects.update(disabled_at=noon)
        assert Asked("/v1/voices", key=secret).verdict == (401, "unauthenticated", 0)

    def test_of_a_key_without_the_scope_is_refused_unread(self, make_key: MakeKey) -> None:
        secret = make_key().secret
        ApiKey.objects.update(scopes=["speakers:read"])
        assert Asked("/v1/voices", key=secret).verdict == (403, "scope_missing", 0)

    def test_where_no_key_is_needed_is_refused_with_a_bad_one(self) -> None:
        for path in ("/v1/verify", "/c2pa/matches/byContent"):
            asked = Asked(path, key="sayso_test_x", declared=2**20)
            assert asked.verdict == (401, "unauthenticated", 0)


class TestALimit:
    def test_of_a_key_is_asked_before_the_body_and_counts_once(self, make_key: MakeKey) -> None:
        secret = make_key().secret
        ApiKey.objects.update(calls_per_minute=1)

        first = Asked("/v1/voices", key=secret, declared=2**20, pieces=2)
        assert first.sent[0]["status"] == 400
        assert first.headers["ratelimit-remaining"] == "0"

        second = Asked("/v1/voices", key=secret, declared=2**20)
        assert second.verdict == (429, "rate_limited", 0)
        assert int(second.headers["retry-after"]) >= 1
        assert second.headers["ratelimit-remaining"] == "0"

    def test_of_an_address_is_asked_before_the_body(self, noon: Any) -> None:
        for kind, path in (("verify", "/v1/verify"), ("c2pa", "/c2pa/matches/byContent")):
            for _ in range(anonymous_rate_limit.A_MINUTE):
                anonymous_rate_limit.count_request("203.0.113.9", at=noon, kind=kind)
            assert Asked(path, declared=2**20).verdict == (429, "rate_limited", 0)

    def test_of_an_address_is_told_on_a_page(self, noon: Any) -> None:
        """A browser shows it only after it was let finish sending."""
        for _ in range(anonymous_rate_limit.A_MINUTE):
            anonymous_rate_limit.count_request("203.0.113.9", at=noon)

        asked = Asked("/verify", declared=2**20)

        assert (asked.sent[0]["status"], asked.read >= 3) == (429, True)
        assert "Many files have come from your connection" in str(asked.sent[1]["body"])

    def test_counts_a_stranger_once(self, noon: Any) -> None:
        for _ in range(anonymous_rate_limit.A_MINUTE - 1):
            anonymous_rate_limit.count_request("203.0.113.9", at=noon)
        assert Asked("/v1/verify", declared=2**20).sent[0]["status"] == 400


@pytest.mark.usefixtures("budget")
class TestTheBytesOfAllBodies:
    # The framework leaves the file of a body to the collector when the body breaks off.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_have_a_bound_for_a_stranger(self, budget: ByteBudget) -> None:
        budget.reserve("another", 2**20, has_key=True)
        for declared, read in ((3 * 2**20, 0), (None, 6)):
            asked = Asked("/v1/verify", declared=declared, pieces=12)
            status, code, came = asked.verdict
            assert (status, code, came <= read) == (503, "server_busy", True)
            assert int(asked.headers["retry-after"]) >= 1
        budget.release("another", 2**20, has_key=True)

    def test_leave_room_for_a_customer(self, budget: ByteBudget, make_key: MakeKey) -> None:
        budget.reserve("strangers", 5 * 2**20, has_key=False)
        asked = Asked("/v1/voices", key=make_key().secret, declared=5 * 2**20, pieces=2)
        assert asked.sent[0]["status"] == 400  # read, and no form
        budget.release("strangers", 5 * 2**20, has_key=False)

    def test_are_told_on_a_page(self, budget: ByteBudget, settings: Settings) -> None:
        settings.SAYSO_DEVELOPMENT = True
        budget.reserve("another", 2**20, has_key=True)
        asked = Asked("/verify", declared=3 * 2**20)
        assert asked.sent[0]["status"] == 503
        assert asked.headers["retry-after"]
        budget.release("another", 2**20, has_key=True)

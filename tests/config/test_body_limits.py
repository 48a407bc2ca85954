"""Bodies over their limit: refused at the door, whatever length was declared, and before anything
is stored.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.urls import get_resolver
from pytest_django import Settings

from config.asgi import body_limits, declared_limits
from config.asgi.application import application
from config.asgi.body_limits import Message, Receive, Scope, Send
from core.body_size import BodyLimit
from tests.architecture.test_routes import routes
from tests.fixtures.organisations import MakeKey

MEGABYTE = bytes(2**20)


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.SAYSO_MAX_JSON_BYTES = 2**20
    settings.SAYSO_MAX_UPLOAD_BYTES = 10 * 2**20


def takes_much(view: Any) -> bool:
    """Whether a view takes files, or says itself how much it takes."""
    files = any("json" not in parser.media_type for parser in getattr(view, "parser_classes", ()))
    return files or hasattr(view, "body_limit")


async def _count(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body and says how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": str(size).encode()})


def ask(
    path: str,
    pieces: Sequence[bytes],
    length: bytes | None = None,
    *,
    coding: bytes | None = None,
    transfer: bytes | None = None,
) -> list[Message]:
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length)]
    headers += [] if coding is None else [(b"content-encoding", coding)]
    headers += [] if transfer is None else [(b"transfer-encoding", transfer)]
    scope: dict[str, Any] = {"type": "http", "path": path, "headers": headers}
    asyncio.run(body_limits.limit_request_bodies(_count)(scope, receive, send))
    return sent + waiting


class TestABody:
    def test_within_its_limit_comes_through_whole(self) -> None:
        assert ask("/v1/speakers", [MEGABYTE])[1]["body"] == b"1048576"

    def test_that_declares_too_much_is_refused_before_it_is_taken(self) -> None:
        start, body, end = ask("/v1/speakers", [MEGABYTE], b"99999999")
        assert (start["status"], json.loads(body["body"])["code"]) == (413, "too_large")
        assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
        assert (body["more_body"], end["body"]) == (True, b"")

    def test_that_grows_too_large_is_refused(self) -> None:
        start, body, *_ = ask("/v1/speakers", [MEGABYTE] * 20)
        assert (start["status"], json.loads(body["body"])["status"]) == (413, 413)

    def test_that_was_refused_is_thrown_away_within_a_bound(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(body_limits, "DRAIN_BYTES", 5 * 2**20)

        _, _, _, *unread = ask("/v1/speakers", [MEGABYTE] * 100)

        assert 90 <= len(unread) <= 96

    def test_that_was_refused_is_not_waited_for_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(body_limits, "DRAIN_SECONDS", 0.05)

        async def never() -> Message:
            await asyncio.sleep(60)
            return {}

        asyncio.run(asyncio.wait_for(body_limits._drain_body(never), 5))

    @pytest.mark.parametrize(
        ("coding", "named"),
        [
            (b"gzip", "gzip"),
            (b"br", "br"),
            (b"deflate", "deflate"),
            (b"ZSTD", "zstd"),
            (b"identity, gzip", "gzip"),
        ],
    )
    def test_that_is_compressed_is_refused_by_name(self, coding: bytes, named: str) -> None:
        start, body, *_ = ask("/v1/speakers", [b"x"], coding=coding)
        problem = json.loads(body["body"])
        assert (start["status"], problem["code"]) == (415, "content_encoding_unsupported")
        assert f"({named})" in problem["detail"]
        assert dict(start["headers"])[b"accept-encoding"] == b"identity"

    @pytest.mark.parametrize(
        ("transfer", "status"),
        [(b"gzip, chunked", 415), (b"deflate,chunked", 415), (b"chunked", 200), (b"Chunked", 200)],
    )
    def test_that_is_compressed_for_its_transfer_is_refused(
        self, transfer: bytes, status: int
    ) -> None:
        """The server takes such a request, joins the chunks and unpacks nothing."""
        assert ask("/v1/speakers", [b"x"], transfer=transfer)[0]["status"] == status

    @pytest.mark.parametrize("coding", [b"identity", b"Identity", b"", b"identity, identity"])
    def test_that_says_it_is_as_it_is_comes_through(self, coding: bytes) -> None:
        assert ask("/v1/speakers", [b"x"], coding=coding)[1]["body"] == b"1"

    def test_refusal_names_its_request(self) -> None:
        start, body = ask("/v1/speakers", [], b"9" * 15)[:2]
        assert (
            dict(start["headers"])[b"x-request-id"].decode()
            == json.loads(body["body"])["request_id"]
        )

    def test_in_chunks_has_a_length_once_it_is_there(self) -> None:
        start, body = ask("/v1/speakers", [b"ab", b"c"])[:2]
        assert (start["headers"], body["body"]) == ([(b"content-length", b"3")], b"3")

    def test_that_declares_its_length_keeps_it(self) -> None:
        assert ask("/v1/speakers", [b"ab"], b"2")[0]["headers"] == [(b"content-length", b"2")]

    @pytest.mark.parametrize("length", [b"-1", b"x", b"", b"9" * 40])
    def test_declared_length_that_is_no_number_is_counted_instead(self, length: bytes) -> None:
        assert ask("/v1/speakers", [b"x"], length)[1]["body"] == b"1"

    @pytest.mark.parametrize(
        ("path", "megabytes"),
        [
            ("/v1/voices", 130), ("/v1/verify", 10), ("/verify", 10), ("/v1/speech/batch", 16),
            ("/v1/verify/batch", 40), ("/c2pa/matches/byContent", 10),
        ],
    )  # fmt: skip
    def test_of_uploads_and_batches_may_be_larger(self, path: str, megabytes: int) -> None:
        assert ask(path, [MEGABYTE] * megabytes)[0]["status"] == 200
        assert ask(path, [MEGABYTE] * (megabytes + 10))[0]["status"] == 413

    def test_may_be_as_large_as_its_route_says(self, settings: Settings) -> None:
        """Of every route: what the route would take must get past the door."""
        takers = {
            path: getattr(view, "body_limit", settings.SAYSO_MAX_UPLOAD_BYTES)
            for path, pattern in routes(get_resolver().url_patterns)
            if (view := getattr(pattern.callback, "cls", None)) and takes_much(view)
        }
        assert len(takers) >= 5
        assert {
            path
            for path, most in takers.items()
            if declared_limits.get_limit(f"/{path}").max_bytes < most
        } == set()

    @pytest.mark.parametrize(
        "path", ["/v1/speech", "/v1/nothing", "/verify/feedback", "/log/org/key"]
    )
    def test_of_a_route_that_declares_nothing_has_the_ordinary_limit(self, path: str) -> None:
        assert declared_limits.get_limit(path) == BodyLimit(max_bytes=2**20)

    def test_that_a_person_sent_is_answered_with_a_page(self) -> None:
        """Without scripts no one is told before; a problem document is nothing to read, nor is a
        broken connection.
        """
        start, body, *unread = ask("/verify", [MEGABYTE] * 12, str(12 * 2**20).encode())
        # The application sees the length and no byte; the view makes a page of that.
        assert (start["status"], body["body"], unread) == (200, b"0", [])

    def test_that_a_person_sent_is_not_read_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(body_limits, "DRAIN_BYTES", 2**20)
        for length in (b"99999999999", None):
            start, _, *unread = ask("/verify", [MEGABYTE] * 50, length)
            assert (start["status"], len(unread) > 0) == (413, True)


class TestASlowBody:
    @pytest.mark.parametrize(
        ("silence", "whole"), [(0.05, 60.0), (60.0, 0.05)], ids=["stands still", "takes for ever"]
    )
    def test_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch, silence: float, whole: float
    ) -> None:
        monkeypatch.setattr(body_limits, "SILENCE", silence)
        monkeypatch.setattr(body_limits, "WHOLE", whole)
        sent: list[Message] = []
        pieces = iter(range(100))

        async def receive() -> Message:
            await asyncio.sleep(1 if silence < whole else 0.01)
            return {
                "type": "http.request",
                "body": b"[",
                "more_body": next(pieces) < (1 if silence < whole else 99),
            }

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {"type": "http", "path": "/v1/speakers", "headers": []}
        asyncio.run(body_limits.limit_request_bodies(_count)(scope, receive, send))

        assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (408, "too_slow")

    def test_that_is_whole_lets_the_answer_take_its_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Anyone who listens for the client's going away may listen for long."""
        monkeypatch.setattr(body_limits, "SILENCE", 0.05)

        async def patient(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            assert (await receive())["type"] == "http.disconnect"
            await send({"type": "http.response.start", "status": 200, "headers": []})

        sent: list[Message] = []
        coming: list[Message] = [
            {"type": "http.request", "body": b"x"},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Message:
            if len(coming) == 1:
                await asyncio.sleep(0.2)
            return coming.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {"type": "http", "path": "/v1/speakers", "headers": []}
        asyncio.run(body_limits.limit_request_bodies(patient)(scope, receive, send))
        assert sent[0]["status"] == 200


def test_a_websocket_is_closed() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(
        application({"type": "websocket", "path": "/v1/speakers", "headers": []}, receive, send)
    )
    assert sent == [{"type": "websocket.close"}]


@pytest.mark.django_db(transaction=True)
def test_json_in_chunks_is_read_like_any_other(make_key: MakeKey) -> None:
    pieces = [b'{"name": "Ada", ', b'"email": "ada@example.org"}']
    waiting: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(60)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [
        (b"host", b"127.0.0.1"),
        (b"authorization", f"Bearer {make_key().secret}".encode()),
        (b"content-type", b"application/json"),
        (b"transfer-encoding", b"chunked"),
    ]
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/speakers",
        "headers": headers,
        "query_string": b"",
    }
    asyncio.run(application(scope, receive, send))
    assert (sent[0]["status"], json.loads(sent[1]["body"])["name"]) == (201, "Ada")

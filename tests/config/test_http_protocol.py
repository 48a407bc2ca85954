"""A connection to a real server: a head that is too long or too slow is cut off, and the next
request is answered.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import uvicorn
from pytest_django import Settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.asgi import http_protocol

Say = Callable[..., bytes]
GOOD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
told_gone = threading.Event()
AT_ONCE = {"/at-once", "/much"}
MUCH = 2**23
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of headers and the body.

    Some addresses are answered at once, with much, or late.
    """
    body, more = b"", scope["path"] not in AT_ONCE
    if scope["path"] == "/late":
        await asyncio.sleep(1.5)
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/until-gone":
        assert (await receive())["type"] == "http.disconnect"
        told_gone.set()
        return
    told = b"%d %s" % (len(scope["headers"]), body[:100])
    if scope["path"] == "/much":
        told = bytes(MUCH)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"%d" % len(told))],
        }
    )
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
def port() -> Iterator[int]:
    """A real server with our protocol."""
    config = uvicorn.Config(
        _echo,
        http=http_protocol.BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        loop="asyncio",
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # anyone who comes before the server is ready, waits
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def say(port: int) -> Say:
    """Sends pieces over one connection; gives what came back until the server closed it."""

    def exchange(*pieces: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
            except OSError:
                pass  # cut off while it was still talking
            return _read(line)

    return exchange


def _read(line: socket.socket) -> bytes:
    told = b""
    try:
        while piece := line.recv(65_536):
            told += piece
    except ConnectionResetError:
        pass
    return told


def answered(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(GOOD.replace(b"Host", b"Connection: close\r\nHost"))
        return _read(line).endswith(b"3 ab")


class TestAHead:
    @pytest.mark.parametrize(
        "pieces",
        [
            [b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n" * 1000] * 200],
            [b"GET / HTTP/1.1\r\nX-A: ", *[b"a" * 65_536] * 200],
            [b"GET /", *[b"a" * 65_536] * 200],
            [GOOD, b"GET / HTTP/1.1\r\nX-A: ", *[b"a" * 65_536] * 200],
        ],
        ids=[
            "of endless headers",
            "of one endless header",
            "of an endless address",
            "of a second request",
        ],
    )
    def test_without_end_is_cut_off(self, say: Say, port: int, pieces: list[bytes]) -> None:
        told = say(*pieces)

        # The reset that ends it may overtake the words; what matters is that no one listened to all
        # of it.
        assert told.count(b"HTTP/1.1 200") == pieces.count(GOOD)
        assert answered(port)

    def test_just_long_enough_is_taken(self, say: Say) -> None:
        assert b"200 OK" in say(
            b"GET / HTTP/1.1\r\nConnection: close\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n"
        )

    def test_over_the_limit_is_told_so(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(b"GET / HTTP/1.1\r\nX-A: " + b"a" * http_protocol.MOST_HEAD)
            assert _read(line).startswith(b"HTTP/1.1 431 ")

    @pytest.mark.parametrize(
        ("begun", "status"),
        [
            (b"GET / HTTP/1.1\r\nX-A: ", b"HTTP/1.1 431 "),
            (b"POST /\x00 HTTP/1.1\r\n", b"HTTP/1.1 400 "),
            (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 400 "),
        ],
        ids=["too long", "no address", "no length"],
    )
    def test_is_refused_so_that_clients_hear_it_which_send_all_before_they_listen(
        self, port: int, begun: bytes, status: bytes
    ) -> None:
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
                line.sendall(begun + b"a" * 4_000_000)
                line.shutdown(socket.SHUT_WR)
                assert _read(line).startswith(status)

    def test_that_was_refused_is_not_listened_to_without_end(
        self, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.2)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(b"NO HTTP AT ALL\r\n\r\n")
            assert _read(line).startswith(b"HTTP/1.1 400 ")

            with pytest.raises(OSError, match=r"reset|Broken pipe"):
                for _ in range(100):
                    line.sendall(b"a")
                    threading.Event().wait(0.05)

    @pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: "])
    def test_that_never_ends_is_not_waited_for(
        self, port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(begun)
            assert _read(line).startswith(b"HTTP/1.1 408 ")

    def test_of_a_second_request_is_waited_for_as_long(
        self, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(GOOD + b"GET /")
            told = _read(line)
        assert told.startswith(b"HTTP/1.1 200 ")


class TestABody:
    def test_is_not_counted_as_a_head(self, say: Say) -> None:
        size = 4 * http_protocol.MOST_HEAD
        large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size

        assert (
            say(large, large, GOOD.replace(b"Host", b"Connection: close\r\nHost")).count(
                b"HTTP/1.1 200"
            )
            == 3
        )

    def test_takes_its_time(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """How slowly a body may come is said elsewhere; the clock of the head stops with the
        head.
        """
        monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(GOOD[:-1])
            threading.Event().wait(0.5)
            line.sendall(GOOD[-1:])
            assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")

    def test_is_followed_by_headers_that_no_one_keeps(
        self, say: Say, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept: list[bytes] = []
        monkeypatch.setattr(
            HttpToolsProtocol, "on_header", lambda _self, name, _value: kept.append(name)
        )

        say(CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + b"X: y\r\n" * 1000 + b"\r\n")

        assert kept == [b"Connection", b"Host", b"Transfer-Encoding"]


class TestAFullServer:
    @pytest.mark.parametrize(
        "pieces",
        [
            [b""],
            [GOOD],
            [GOOD[:-1]],
            [b"POST /at-once HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", b"x"],
            [b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n"],
            [b"GET /much HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
        ],
        ids=[
            "that say nothing",
            "that wait for their next request",
            "that never send the rest of a body",
            "that never send the rest of a body that was answered already",
            "that do not take their answer",
            "that are closing and do not take their answer",
        ],
    )
    def test_has_room_behind_clients(
        self, port: int, settings: Settings, pieces: list[bytes]
    ) -> None:
        settings.SAYSO_MAX_CONNECTIONS = 4
        with ExitStack() as lines:
            for _ in range(8):
                line = lines.enter_context(open_slowly(port))
                for piece in pieces:
                    line.sendall(piece)
                    threading.Event().wait(0.02)

            assert answered(port)
            assert answered(port)

    def test_does_not_end_what_is_being_answered(self, port: int, settings: Settings) -> None:
        settings.SAYSO_MAX_CONNECTIONS = 2
        late = GOOD.replace(b"POST /", b"POST /late").replace(b"Host", b"Connection: close\r\nHost")
        with ExitStack() as lines:
            working = [lines.enter_context(open_slowly(port)) for _ in range(2)]
            for line in working:
                line.sendall(late)
            threading.Event().wait(0.2)

            with open_slowly(port) as one_too_many:
                assert _read(one_too_many).startswith(b"HTTP/1.1 503 ")
            assert all(_read(line).endswith(b"3 ab") for line in working)


class TestAnswersThatAreNotTaken:
    def test_fill_no_more_memory_than_bodies_may(self, port: int, settings: Settings) -> None:
        settings.SAYSO_MAX_BODY_MEMORY = MUCH + 2**20
        with ExitStack() as lines:
            unread = [lines.enter_context(open_slowly(port)) for _ in range(4)]
            for line in unread:
                line.sendall(b"GET /much HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                threading.Event().wait(0.1)

            # The last one is kept, and whole for a client that takes it.
            taken = [len(_read(line)) > MUCH for line in unread]
        assert taken == [False, False, False, True]


class TestAPipeline:
    def test_that_is_endless_is_cut_off(self, port: int) -> None:
        many = 4000
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            with suppress(OSError):
                line.sendall(GOOD * many)
            assert _read(line).count(b"HTTP/1.1 200") < many
        assert answered(port)

    def test_tells_the_request_that_is_being_answered_that_its_client_has_gone(
        self, port: int
    ) -> None:
        told_gone.clear()
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(GOOD.replace(b"POST /", b"POST /until-gone") + GOOD)
            threading.Event().wait(0.2)
        assert told_gone.wait(5)


def open_slowly(port: int) -> socket.socket:
    """Return a connection whose client takes a few kilobytes at a time."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(30)
    line.connect(("127.0.0.1", port))
    return line


def test_requests_on_one_connection_are_all_answered(say: Say) -> None:
    assert (
        say(*[GOOD] * 20, GOOD.replace(b"Host", b"Connection: close\r\nHost")).count(
            b"HTTP/1.1 200"
        )
        == 21
    )

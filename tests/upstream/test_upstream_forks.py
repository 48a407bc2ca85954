"""A child process after a fork has connections of its own, and leaves its parent's alone."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from billiard.context import ForkContext

from tests.support.raw_server import RawPeer, raw_server
from tests.support.upstream_calls import make_request, open_stream
from upstream import upstream_client
from upstream.upstream_errors import ProviderUnavailable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def forking() -> Iterator[None]:
    """Newer Pythons warn of every fork beside threads, which is what this is about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def run_in_child(do: Callable[[], object]) -> object:
    """Return what `do` returned in a child like those of a Celery worker, or its error's name."""
    context = ForkContext()
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        try:
            sender.send(do())
        except Exception as error:  # noqa: BLE001 - it is told to the parent
            sender.send(f"{type(error).__name__}: {error}")

    child = context.Process(target=run)
    with forking():
        child.start()
    try:
        assert receiver.poll(15), "the child hangs"
        return receiver.recv()
    finally:
        child.terminate()
        child.join(10)


def serve_number(peer: RawPeer) -> None:
    """Answer with the number of the request on this connection."""
    number = 0
    while peer.read_request():
        number += 1
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)


class TestAChild:
    def test_asks_by_itself_and_so_does_the_parent_afterwards(self) -> None:
        with raw_server(serve_number) as port:

            def ask() -> bytes:
                return upstream_client.call(make_request(port), most_bytes=10).body

            assert [ask(), ask()] == [b"1", b"2"]
            assert run_in_child(lambda: [ask(), ask()]) == [b"1", b"2"]
            assert ask() == b"3"
            assert run_in_child(ask) == b"1"

    def test_of_a_parent_that_has_a_stream_disturbs_it_not(self) -> None:
        def serve(peer: RawPeer) -> None:
            while peer.read_request():
                peer.send(CHUNKED)
                for _ in range(10):
                    peer.send(b"2\r\nhi\r\n")
                    time.sleep(0.1)
                peer.send(b"0\r\n\r\n")

        with raw_server(serve) as port:
            stream = open_stream(make_request(port))
            assert next(stream) == b"hi"

            def ask() -> int:
                stream.close()
                return len(upstream_client.call(make_request(port), most_bytes=100).body)

            assert run_in_child(ask) == 20
            assert b"".join(stream) == b"hi" * 9

    def test_cannot_read_the_parents_stream(self) -> None:
        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(CHUNKED + b"2\r\nhi\r\n")
            peer.wait_until_gone(8)

        with raw_server(serve) as port, open_stream(make_request(port)) as stream:
            assert next(stream) == b"hi"
            assert "another process" in str(run_in_child(lambda: next(stream)))

    def test_keeps_no_connection_open_that_the_parent_ends(self) -> None:
        gone: list[float | None] = []

        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(CHUNKED + b"2\r\nhi\r\n")
            gone.append(peer.wait_until_gone(8))

        with raw_server(serve) as port:
            stream = open_stream(make_request(port))
            with forking():
                child = os.fork()
            if child == 0:
                time.sleep(3)
                os._exit(0)
            began = time.monotonic()
            stream.close()
            while not gone and time.monotonic() < began + 9:
                time.sleep(0.01)
            os.waitpid(child, 0)
        assert gone
        assert gone[0] is not None
        assert gone[0] - began < 0.25


def test_an_error_in_the_child_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ProviderUnavailable("so")

    assert run_in_child(fail) == "ProviderUnavailable: so"

"""Streams of a provider: as they come, no further ahead than a bound, ended at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Queue

import pytest

from tests.support.raw_server import RawPeer, raw_server, serve_reply
from tests.support.upstream_calls import make_request, open_stream
from upstream import exchange, loop_thread, upstream_sessions
from upstream.upstream_errors import ExchangeEnded, ProviderRefused, ProviderUnavailable
from upstream.upstream_request import BytesBody, TimeLimits

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: sound\r\n\r\n"
AT_ONCE = 0.25
PATIENT = TimeLimits(connect=5, first_byte=10, between=10, total=30)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def serve_parts(count: int, *, pause: float = 0.0) -> Callable[[RawPeer], None]:
    def serve(peer: RawPeer) -> None:
        while peer.read_request():
            peer.send(CHUNKED)
            for number in range(count):
                peer.send(chunk(b"part %04d" % number))
                time.sleep(pause)
            peer.send(b"0\r\n\r\n")

    return serve


@contextmanager
def endless() -> Iterator[tuple[int, Queue[float | None]]]:
    """A provider that speaks without end. The queue gets when each client was seen to be gone."""
    gone: Queue[float | None] = Queue()

    def serve(peer: RawPeer) -> None:
        peer.read_request()
        peer.send(CHUNKED + chunk(b"first"))
        gone.put(peer.wait_until_gone(8))

    with raw_server(serve) as port:
        yield port, gone


def seen_after(gone: Queue[float | None], began: float) -> float:
    seen = gone.get(timeout=9)
    assert seen is not None, "the provider still had its client after 8 s"
    return seen - began


class TestAStream:
    def test_gives_parts_while_the_provider_still_speaks(self) -> None:
        with raw_server(serve_parts(5, pause=0.1)) as port:
            began = time.monotonic()
            with open_stream(make_request(port)) as stream:
                assert (stream.status, stream.headers["x-kind"]) == (200, "sound")
                assert next(stream) == b"part 0000"
                assert time.monotonic() - began < 0.3
                assert b"".join(stream) == b"".join(b"part %04d" % n for n in range(1, 5))

    def test_that_ended_leaves_its_connection_to_the_next(self) -> None:
        peers = []

        def serve(peer: RawPeer) -> None:
            peers.append(peer)
            serve_parts(3)(peer)

        with raw_server(serve) as port:
            for _ in range(3):
                with open_stream(make_request(port)) as stream:
                    assert len(b"".join(stream)) == 27
        assert len(peers) == 1

    def test_that_is_cut_raises_after_what_came(self) -> None:
        read = threading.Event()

        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(CHUNKED + chunk(b"first"))
            read.wait(5)

        with raw_server(serve) as port, open_stream(make_request(port)) as stream:
            assert next(stream) == b"first"
            read.set()
            with pytest.raises(ProviderUnavailable, match="broke off"):
                next(stream)

    def test_is_refused_before_its_first_part(self) -> None:
        with raw_server(serve_reply("404 No")) as port, pytest.raises(ProviderRefused):
            open_stream(make_request(port))

    def test_has_a_limit(self) -> None:
        with raw_server(serve_parts(100)) as port:
            stream = open_stream(make_request(port), most_bytes=500)
            with pytest.raises(ProviderUnavailable, match="longer"):
                b"".join(stream)

    def test_that_is_not_read_makes_the_provider_wait(self) -> None:
        """What lies between is the buffers of both systems, and half a MiB of ours."""
        sent, stands = [0], threading.Event()

        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n")
            while taken := peer.send_some(bytes(2**20), within=0.3):
                sent[0] += taken
            stands.set()
            assert peer.wait_until_gone(8)

        request_times = TimeLimits(connect=5, first_byte=10, between=0.5, total=20)
        with raw_server(serve) as port:
            request = make_request(port, times=request_times)
            with open_stream(request, most_bytes=10**9) as stream:
                assert stands.wait(8)
                assert sent[0] < 20_000_000
                time.sleep(0.7)  # a reader that rests is no provider that rests
                assert 0 < len(next(stream)) < 2**19


class TestTheEndByUs:
    def test_is_seen_by_the_provider_at_once(self) -> None:
        with endless() as (port, gone):
            stream = open_stream(make_request(port))
            assert next(stream) == b"first"
            began = time.monotonic()
            stream.close()
            assert seen_after(gone, began) < AT_ONCE

    def test_ends_the_wait_of_another_thread(self) -> None:
        with endless() as (port, gone):
            stream = open_stream(make_request(port, times=PATIENT))
            assert next(stream) == b"first"
            threading.Timer(0.2, stream.close).start()

            began = time.monotonic()
            with pytest.raises(ExchangeEnded):
                next(stream)
            assert time.monotonic() - began < 0.2 + AT_ONCE
            assert seen_after(gone, began) < 0.2 + AT_ONCE

    def test_comes_with_a_stream_that_no_one_holds(self) -> None:
        with endless() as (port, gone):
            stream = open_stream(make_request(port))
            began = time.monotonic()
            del stream
            assert seen_after(gone, began) < AT_ONCE

    def test_comes_with_the_stop_of_the_process(self) -> None:
        with endless() as (port, gone):
            stream = open_stream(make_request(port, times=PATIENT))
            assert next(stream) == b"first"
            threading.Timer(0.2, loop_thread.stop_loop_thread).start()
            with pytest.raises(ExchangeEnded):
                next(stream)
            assert seen_after(gone, time.monotonic()) < AT_ONCE

    def test_breaks_a_call_that_still_sends_its_body(self) -> None:
        """An interrupted thread leaves nothing behind, neither does a cancelled task."""

        async def send() -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    body = BytesBody(bytes(50_000_000), "audio/wav")
                    request = make_request(port, method="POST", body=body, times=PATIENT)
                    await exchange.call_async(request, most_bytes=10)

        gone: Queue[float | None] = Queue()
        with raw_server(lambda peer: gone.put(peer.wait_until_gone(8))) as port:
            began = time.monotonic()
            asyncio.run(close_after(send()))
            assert seen_after(gone, began) < 0.3 + AT_ONCE

    def test_is_seen_although_the_provider_answered_before_it_read_the_body(self) -> None:
        gone: Queue[float | None] = Queue()

        def serve(peer: RawPeer) -> None:
            peer.send(CHUNKED + chunk(b"first"))
            gone.put(peer.wait_until_gone(8))

        with raw_server(serve) as port:
            body = BytesBody(bytes(50_000_000), "audio/wav")
            stream = open_stream(make_request(port, method="POST", body=body))
            assert next(stream) == b"first"
            began = time.monotonic()
            stream.close()
            assert seen_after(gone, began) < AT_ONCE


async def close_after(work: Awaitable[None]) -> None:
    try:
        await work
    finally:
        await upstream_sessions.close_sessions()


class TestTheAsynchronousFace:
    def test_gives_the_same(self) -> None:
        async def ask() -> None:
            async with await exchange.open_async_stream(make_request(port)) as stream:
                parts = [part async for part in stream]
            assert b"".join(parts) == b"".join(b"part %04d" % n for n in range(5))
            answer = await exchange.call_async(make_request(port), most_bytes=100)
            assert len(answer.body) == 45

        with raw_server(serve_parts(5)) as port:
            asyncio.run(close_after(ask()))

    def test_ends_with_its_task(self) -> None:
        async def ask() -> float:
            async with await exchange.open_async_stream(make_request(port)) as stream:
                read = asyncio.create_task(drain(stream))
                await asyncio.sleep(0.2)
                read.cancel()
                began = time.monotonic()
                await asyncio.wait([read])
            return began

        async def drain(stream: exchange.AsyncUpstreamStream) -> None:
            async for _ in stream:
                pass

        with endless() as (port, gone):
            began: list[float] = []

            async def run() -> None:
                began.append(await ask())

            asyncio.run(close_after(run()))
            assert seen_after(gone, began[0]) < AT_ONCE

    def test_holds_no_thread_for_fifty_streams(self) -> None:
        async def ask() -> None:
            before = count_threads()
            streams = await asyncio.gather(
                *(exchange.open_async_stream(make_request(port, times=PATIENT)) for _ in range(50))
            )
            assert count_threads() == before
            firsts = await asyncio.gather(*(stream.read_part() for stream in streams))
            assert firsts == [b"first"] * 50

            for stream in streams:
                stream.close()

        with endless() as (port, gone):
            asyncio.run(close_after(ask()))
            began = time.monotonic()
            assert max(seen_after(gone, began) for _ in range(50)) < AT_ONCE

    def test_has_no_thread_of_its_own(self) -> None:
        async def ask() -> None:
            await exchange.call_async(make_request(port), most_bytes=100)
            assert "sayso-upstream" not in {one.name for one in threading.enumerate()}

        with raw_server(serve_parts(1)) as port:
            asyncio.run(close_after(ask()))


class TestFiftyStreamsOfThreads:
    def test_are_carried_by_one_thread(self) -> None:
        before = count_threads()
        with endless() as (port, gone):
            streams = [open_stream(make_request(port, times=PATIENT)) for _ in range(50)]
            assert [next(stream) for stream in streams] == [b"first"] * 50
            assert count_threads() == before + 1

            began = time.monotonic()
            for stream in streams:
                stream.close()
            assert max(seen_after(gone, began) for _ in range(50)) < AT_ONCE


def count_threads() -> int:
    """Threads beside those of the provider."""
    return sum(thread.name != "raw-server" for thread in threading.enumerate())

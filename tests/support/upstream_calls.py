"""Requests to a provider on loopback, with what tests seldom care about filled in, and answers that
a test reads without an event loop of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
)
from types import TracebackType
from typing import Any, Self, cast

from upstream.exchange import (
    MOST_STREAM_BYTES,
    AsyncUpstreamStream,
    open_async_stream,
)
from upstream.loop_thread import LoopThread, get_loop_thread
from upstream.upstream_request import TimeLimits, UpstreamRequest
from upstream.upstream_sessions import close_sessions
from voices.providers.base import AudioChunk, Pieces

QUICK = TimeLimits(connect=2.0, first_byte=2.0, between=2.0, total=5.0)


def make_request(port: int, **rest: Any) -> UpstreamRequest:
    """A request to a server on loopback. It asks for `/` unless told otherwise."""
    given: dict[str, Any] = {
        "method": "GET",
        "base_url": f"http://127.0.0.1:{port}",
        "is_self_hosted": False,
        "times": QUICK,
    }
    return UpstreamRequest(**(given | rest))


class UpstreamStream(Iterator[bytes]):
    """A stream of the process's loop, read by a thread.

    Any thread may `close` it while another one waits for bytes. That one gets ExchangeEnded.
    """

    def __init__(self, thread: LoopThread, stream: AsyncUpstreamStream) -> None:
        self._thread = thread
        self._stream = stream

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._stream.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, names in lower case."""
        return self._stream.headers

    def __next__(self) -> bytes:
        if part := self._thread.run(self._stream.read_part()):
            return part
        raise StopIteration

    def close(self) -> None:
        """Break the connection at once, unless the answer came whole."""
        self._thread.call_soon(self._stream.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def open_stream(request: UpstreamRequest, *, most_bytes: int = MOST_STREAM_BYTES) -> UpstreamStream:
    """Send the request, and return its answer when the first bytes have come."""
    thread = get_loop_thread()
    return UpstreamStream(thread, thread.run(open_async_stream(request, most_bytes=most_bytes)))


def collect_pieces(pieces: Pieces) -> list[AudioChunk]:
    """All pieces of a provider's text."""

    async def collect() -> list[AudioChunk]:
        try:
            return [piece async for piece in cast("AsyncGenerator[AudioChunk, None]", pieces)]
        finally:
            await close_sessions()

    return asyncio.run(collect())


async def feed_parts(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Parts as an answer brings them."""
    for part in parts:
        yield part


def collect_parts(parts: AsyncIterable[bytes]) -> list[bytes]:
    """All parts of an answer."""

    async def collect() -> list[bytes]:
        return [part async for part in parts]

    return asyncio.run(collect())

"""The client of threads and workers: they wait, and one thread carries all connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from voices.providers.upstream.exchange import (
    MOST_STREAM_BYTES,
    AsyncUpstreamStream,
    ProviderAnswer,
    call_async,
    open_async_stream,
)
from voices.providers.upstream.loop_thread import LoopThread, get_loop_thread
from voices.providers.upstream.upstream_request import UpstreamRequest


class UpstreamStream(Iterator[bytes]):
    """The bytes of an answer as they come. What is not read waits at the provider.

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


def call(request: UpstreamRequest, *, most_bytes: int) -> ProviderAnswer:
    """Send the request, and return its whole answer of at most `most_bytes` bytes.

    Raises ProviderUnavailable, ProviderRefused, ProviderAccountRefused, ProviderAddressRefused.
    """
    return get_loop_thread().run(call_async(request, most_bytes=most_bytes))


def open_stream(request: UpstreamRequest, *, most_bytes: int = MOST_STREAM_BYTES) -> UpstreamStream:
    """Send the request, and return its answer when the first bytes have come.

    Raises as `call`.
    """
    thread = get_loop_thread()
    return UpstreamStream(thread, thread.run(open_async_stream(request, most_bytes=most_bytes)))

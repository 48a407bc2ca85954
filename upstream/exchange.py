"""A request and its answer, within an event loop: the asynchronous face of the client.

No thread is held while a provider speaks. What is not read waits at the provider.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from upstream.answer_status import check_status
from upstream.upstream_errors import ExchangeEnded, ProviderUnavailable
from upstream.upstream_request import (
    TimeLimits,
    UpstreamRequest,
    build_data,
    build_headers,
    build_url,
)
from upstream.upstream_sessions import (
    StaleConnection,
    break_upstream,
    get_session,
)

MOST_STREAM_BYTES: Final = 2**28

_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class AsyncUpstreamStream:
    """The bytes of an answer as they come, in parts of less than half a MiB.

    An answer that breaks off raises ProviderUnavailable, so its end is never taken for a whole.
    What had come by then and was not read is lost with it.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, *, deadline: float, times: TimeLimits, most: int
    ) -> None:
        """`deadline` is a time of the loop, `most` a number of bytes."""
        self.status = response.status
        self.headers: Mapping[str, str] = {
            name.lower(): value for name, value in response.headers.items()
        }
        self._response = response
        self._left = most
        self._is_late = self._is_ended = False
        self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)
        if (connection := response.connection) is not None and connection.protocol is not None:
            connection.protocol.read_timeout = times.between
            connection.protocol.start_timeout()

    async def read_part(self) -> bytes:
        """Return what has come, or wait for more. It is empty at the end.

        Raises ProviderUnavailable, ExchangeEnded after `close`.
        """
        try:
            part = await self._response.content.readany()
        except _ERRORS as error:
            self._break_off()
            if self._is_ended:
                raise ExchangeEnded("The connection to the provider was ended here.") from None
            raise explain_failure(TimeoutError() if self._is_late else error) from None
        except BaseException:
            self._break_off()
            raise

        if not part:
            self._timer.cancel()
        self._left -= len(part)
        if self._left < 0:
            self._break_off()
            raise ProviderUnavailable("The provider's answer is longer than any may be.")
        return part

    def close(self) -> None:
        """Break the connection at once, unless the answer came whole."""
        self._is_ended = True
        self._break_off()

    def check_head(self, *, taken: frozenset[int]) -> None:
        """Judge status and headers. Raises the errors of `check_status`, ProviderUnavailable."""
        check_status(self.status, self.headers, taken=taken)
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProviderUnavailable("The provider's answer is compressed, which was not asked.")

        if (self._response.content_length or 0) > self._left:
            raise ProviderUnavailable("The provider's answer is longer than any may be.")

    def _break_off(self) -> None:
        self._timer.cancel()
        connection = self._response.connection
        if connection is not None and connection.transport is not None:
            break_upstream(connection.transport)
        self._response.close()

    def _expire(self) -> None:
        self._is_late = True
        self._break_off()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self.read_part():
            yield part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def open_async_stream(
    request: UpstreamRequest, *, most_bytes: int = MOST_STREAM_BYTES
) -> AsyncUpstreamStream:
    """Send the request, and return its answer when the first bytes have come.

    Raises ProviderUnavailable, ProviderRefused, ProviderAccountRefused, ProviderAddressRefused.
    """
    deadline = asyncio.get_running_loop().time() + request.times.total
    try:
        async with asyncio.timeout_at(deadline):
            response = await _send(request)
    except _ERRORS as error:
        raise explain_failure(error) from None

    stream = AsyncUpstreamStream(response, deadline=deadline, times=request.times, most=most_bytes)
    try:
        stream.check_head(taken=request.taken)
    except BaseException:
        stream.close()
        raise
    return stream


async def call_async(request: UpstreamRequest, *, most_bytes: int) -> ProviderAnswer:
    """Send the request, and return its whole answer of at most `most_bytes` bytes.

    Raises as `open_async_stream`.
    """
    async with await open_async_stream(request, most_bytes=most_bytes) as stream:
        parts = [part async for part in stream]
    return ProviderAnswer(status=stream.status, headers=stream.headers, body=b"".join(parts))


def explain_failure(error: BaseException) -> ProviderUnavailable:
    """Return the error of ours for one of the client, whose own words hold the address."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return ProviderUnavailable("No safe connection to the provider can be made.")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return ProviderUnavailable("The provider cannot be reached.")
        case TimeoutError():
            return ProviderUnavailable("The provider takes too long to answer.")
        case aiohttp.ClientResponseError():
            return ProviderUnavailable("The provider's answer cannot be read.")
    return ProviderUnavailable("The provider's answer broke off.")


async def _send(request: UpstreamRequest) -> aiohttp.ClientResponse:
    """Send it, and once more if a kept connection turned out to be unfit before a byte left."""
    try:
        return await _send_once(request)
    except StaleConnection:
        return await _send_once(request)


async def _send_once(request: UpstreamRequest) -> aiohttp.ClientResponse:
    session = get_session(is_self_hosted=request.is_self_hosted, is_callers=request.is_callers)
    return await session.request(
        request.method,
        URL(build_url(request), encoded=True),
        headers=build_headers(request),
        data=build_data(request),
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(
            total=None, connect=request.times.connect, sock_read=request.times.first_byte
        ),
    )

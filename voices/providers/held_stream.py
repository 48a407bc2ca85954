"""A provider's stream that holds its account's place until it ends. It holds no thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from upstream.account_limits import ACCOUNT_LIMITS
from upstream.exchange import AsyncUpstreamStream, open_async_stream
from upstream.upstream_request import UpstreamRequest
from voices.providers.base import AudioChunk
from voices.providers.pcm_chunks import cut_pcm

Held = AbstractAsyncContextManager[AsyncUpstreamStream]
"""An answer, from its request to its end."""
Unpack = Callable[[AsyncUpstreamStream], AsyncIterator[bytes]]
"""Yields the samples that an answer holds, in 16-bit little-endian mono PCM."""


@asynccontextmanager
async def hold_stream(
    request: UpstreamRequest, *, account_id: str
) -> AsyncIterator[AsyncUpstreamStream]:
    """Take a place of the account and send the request. The block reads its answer.

    Leaving the block breaks the connection at once, unless the answer came whole. The account's
    limits learn from the errors of the block.

    Raises as `open_async_stream`, and ServerBusy where no place is free.
    """
    async with (
        ACCOUNT_LIMITS.hold_account_async(account_id),
        await open_async_stream(request) as stream,
    ):
        yield stream


async def cut_held_stream(
    held: Held, unpack: Unpack, *, rate: int, text_length: int
) -> AsyncGenerator[AudioChunk, None]:
    """Yield the pieces of an answer as it comes, as `cut_pcm` does.

    Nothing is sent before the first piece is asked for. Raises as `hold_stream` and `unpack`.
    """
    async with held as stream:
        async for piece in cut_pcm(unpack(stream), rate=rate, text_length=text_length):
            yield piece

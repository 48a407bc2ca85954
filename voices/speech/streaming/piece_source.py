"""Where the pieces of one stream come from: the network, which is awaited, or an engine of this
process, which makes each in a borrowed thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from functools import partial

from upstream.upstream_errors import ExchangeEnded
from voices.providers.base import AudioChunk, Pieces
from voices.speech.streaming.deadline_scheduler import get_scheduler


class PieceSource:
    """One stream's pieces, asked for one at a time in an event loop."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._is_reading = self._is_stopped = False
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the pieces are waited for, so that waiting for them needs no thread."""
        return not isinstance(self._pieces, Iterator)

    async def read_piece(self, need: float) -> AudioChunk | None:
        """Return the next piece, None at the end. `need` is when it is wanted at the latest.

        Raises what the provider raises, and ExchangeEnded after `stop`.
        """
        if isinstance(self._pieces, Iterator):
            return await get_scheduler().run(need, partial(next, self._pieces, None))
        if self._is_stopped:
            raise ExchangeEnded("The connection to the provider was ended here.")

        self._is_reading = True
        try:
            return await anext(self._pieces, None)
        finally:
            self._is_reading = False

    def stop(self) -> None:
        """Break the provider's connection now, whatever else the stream is at.

        Where it is being read, that is done by the cancellation of the reader.
        """
        self._is_stopped = True
        if self.is_remote and not self._is_reading and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close_pieces())

    async def close(self) -> None:
        """Close the pieces, and wait for that. It may be called more than once."""
        self.stop()
        await (self._closing or self._close_pieces())

    async def _close_pieces(self) -> None:
        if not isinstance(self._pieces, Iterator):
            await self._pieces.aclose()
        elif isinstance(self._pieces, Generator):
            self._pieces.close()

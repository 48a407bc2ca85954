"""Answers that are streamed: a view leaves one in the slot of its request, and the ASGI edge
carries it out.

The view runs in a thread, with a database connection and a transaction or two; the stream itself
holds neither.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import SaysoError, Unavailable


class NoStreams(Unavailable):
    """Nobody waits for the stream any more."""

    code = "streams_unavailable"


class Stream(Protocol):
    """A streamed answer.

    The edge calls `chunks`, tells what has `left`, and ends with `finish` or else `give_up`.
    """

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """What to send.

        An exception breaks the answer off; before the first piece it is answered as any error.
        """

    async def wait_for_end(self) -> SaysoError:
        """Wait until the answer may not go on, and say why."""

    def note_sent(self, data: bytes) -> None:
        """Take note that these bytes are on their way: nobody can call them back."""

    async def finish(self) -> None:
        """Everything has left: settle it.

        Only when this returns may the answer end like a whole one.
        """

    async def give_up(self, error: BaseException | None) -> None:
        """Settle an answer that was broken off.

        Never raises; None means that the caller has gone.
        """


@dataclass(slots=True)
class Slot:
    """Where a request's stream is left.

    `at_end` is called in a thread, with whether the answer was whole.
    """

    stream: Stream | None = None
    at_end: list[Callable[[bool], None]] = field(default_factory=list)
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def leave_stream(self, stream: Stream) -> None:
        """Leave a stream. Raises NoStreams when nobody waits for it any more."""
        with self._lock:
            if self._closed:
                raise NoStreams("The caller has gone.", retry_after=1)
            self.stream = stream

    def close(self) -> Stream | None:
        """Take the stream out; from now on none can be left here."""
        with self._lock:
            self._closed = True
            return self.stream


slot: ContextVar[Slot | None] = ContextVar("slot", default=None)
"""The slot of the current request; None where the server is not one that streams."""

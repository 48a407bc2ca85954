"""Streamed answers: a view leaves one in the slot of its request, and the ASGI edge sends it.

The view runs in a thread, with a database connection and short transactions. The stream itself
holds neither.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.errors import SaysoError, Unavailable


class StreamingUnavailable(Unavailable):
    """The caller has gone, so no answer is streamed."""

    code = "streams_unavailable"


class Stream(Protocol):
    """A streamed answer.

    The edge calls `chunks`, reports what it sent with `note_sent`, and ends with `finish` or else
    `give_up`.
    """

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what to send.

        An exception breaks the answer off. Before the first piece it is answered as any error.
        """

    async def wait_for_end(self) -> SaysoError:
        """Wait until the answer may not go on, and return the reason."""

    def note_sent(self, data: bytes) -> None:
        """Record that these bytes are on their way and cannot be called back."""

    def stop(self) -> None:
        """End all work for an answer that was broken off, at once. `give_up` follows."""

    async def finish(self) -> None:
        """Settle an answer that was sent whole.

        Only when this returns may the answer end like a whole one.
        """

    async def give_up(self, error: BaseException | None) -> None:
        """Settle an answer that was broken off.

        It never raises. None means that the caller has gone.
        """


class Framing(Protocol):
    """How the pieces of a stream are wrapped, such as a line of JSON each."""

    def wrap(self, data: bytes) -> bytes:
        """Return one piece as it is sent."""

    def close(self) -> bytes:
        """Return what is sent behind the last piece."""


WriteError = Callable[[int, Mapping[str, Any]], tuple[int, dict[str, Any]]]
"""Returns status and body of an error in another API's shape, from ours."""


@dataclass(slots=True)
class Slot:
    """The place where a request's stream is left.

    `framing` wraps its pieces. `write_error` gives an error before the first piece another shape.
    `at_end` is called in a thread, with whether the answer was whole.
    """

    stream: Stream | None = None
    framing: Framing | None = None
    write_error: WriteError | None = None
    at_end: list[Callable[[bool], None]] = field(default_factory=list)
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def leave_stream(self, stream: Stream) -> None:
        """Leave a stream.

        Raises StreamingUnavailable when the caller has gone.
        """
        with self._lock:
            if self._closed:
                raise StreamingUnavailable("The caller has gone.", retry_after=1)
            self.stream = stream

    def close(self) -> Stream | None:
        """Return the stream. From now on none can be left here."""
        with self._lock:
            self._closed = True
            return self.stream


slot: ContextVar[Slot | None] = ContextVar("slot", default=None)
"""The slot of the current request, or None where the server does not stream."""

"""One connection: how much may come, and how long it may take, before a request's head is whole.

`uvicorn --http config.asgi.http_protocol:BoundedProtocol`. The parser beneath keeps all the
headers that it is sent. A flood of them, or one that never ends, would fill the memory of the
process and the time of its event loop. Bodies are limited by `config.asgi.body_limits`, once the
head is known.

There is room for `SAYSO_MAX_CONNECTIONS`. The next one takes the place of the one that has waited
for its client longest, without a whole head. When all are being answered it is told to come again.
"""

from __future__ import annotations

import asyncio
from typing import Final

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD: Final = 2**16
"""Bytes of request line and headers together.

What comes in one read of the socket beside it may be on top.
"""
HEAD_SECONDS: Final = 20.0

LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 2**23
"""How long and how much is thrown away after a refusal, before the connection is closed.

Most clients send all they have before they listen. A connection that is closed while they send is
reset, and the refusal is lost with it (RFC 9112, section 9.6).
"""

_REFUSALS: Final = {
    400: b"HTTP/1.1 400 Bad Request\r\n",
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n",
}
_NOTHING_MORE: Final = b"content-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it. A head that is too long is answered with 431, one that is too
    slow with 408, one that is no HTTP with 400, and the connection is closed. One too many is
    answered with 503.
    """

    _in_head = True
    _new_head = False
    _head = 0
    _refused = False
    _thrown_away = 0
    _timer: asyncio.TimerHandle | None = None
    waits_since = 0.0

    # As in the base class.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, if there is room for one more connection."""
        super().connection_made(transport)
        self.waits_since = self.loop.time()
        most = settings.SAYSO_MAX_CONNECTIONS
        # The cheap count first: those that are closing are left out only where it matters.
        full = len(self.connections) > most and self._count_open() > most
        if full and not self._make_room():
            self._refuse(503)
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it while it belongs to a head."""
        if self._refused:
            self._throw_away(data)
            return
        if self._in_head:
            self._wait()
        super().data_received(data)
        if self._new_head:  # this very data ended the request before it
            self._new_head, self._head = False, 0
        elif self._in_head:
            self._head += len(data)
            if self._head > MOST_HEAD:
                self._refuse(431)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. Those that trail a body have no reader and are dropped."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the wait: the head is whole."""
        self._in_head, self._head = False, 0
        self._wait_no_more()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count from zero: what comes now is the next request's head."""
        super().on_message_complete()
        self._in_head = self._new_head = True
        self.waits_since = self.loop.time()

    # What is wrong with the head is the parser's word, and no one reads it.
    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as in the base class
        """Refuse what is no HTTP."""
        self._refuse(400)

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing is being answered, and no head is whole."""
        cycle = getattr(self, "cycle", None)  # None before the first request
        idle = cycle is None or cycle.response_complete
        return self._in_head and idle and not self.transport.is_closing()

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for its client, and return whether there
        was one.
        """
        waiting = [
            one
            for one in self.connections
            if isinstance(one, BoundedProtocol) and one is not self and one.waits_for_client
        ]
        if not waiting:
            return False

        min(waiting, key=lambda one: one.waits_since).transport.close()
        return True

    def _count_open(self) -> int:
        return sum(not one.transport.is_closing() for one in self.connections)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        """Say why, and listen for a moment to what is still coming before the connection ends."""
        self._wait_no_more()
        if self._refused or self.transport.is_closing():
            return

        self._refused = True
        # A request that is still being answered is answered no further.
        cycle = getattr(self, "cycle", None)  # None before the first request
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(_REFUSALS[status] + _NOTHING_MORE)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.transport.close()

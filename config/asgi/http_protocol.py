"""One connection: how much may come, and how long it may take, before a request's head is whole.

`uvicorn --http config.asgi.http_protocol:BoundedProtocol`. The parser beneath keeps all the
headers that it is sent. A flood of them, or one that never ends, would fill the memory of the
process and the time of its event loop. Bodies are limited by `config.asgi.body_limits`, once the
head is known.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD: Final = 2**16
"""Bytes of request line and headers together.

What comes in one read of the socket beside it may be on top.
"""
HEAD_SECONDS: Final = 20.0

_REFUSALS: Final = {
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
}
_NOTHING_MORE: Final = b"content-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it. A head that is too long is answered with 431, one that is too
    slow with 408, and the connection is closed.
    """

    _in_head = True
    _new_head = False
    _head = 0
    _timer: asyncio.TimerHandle | None = None

    # As in the base class.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it while it belongs to a head."""
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

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            self.transport.write(_REFUSALS[status] + _NOTHING_MORE)
            self.transport.close()

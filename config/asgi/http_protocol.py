"""One connection: how much may come, and how long it may take, before a request's head is whole.

`uvicorn --http config.asgi.http_protocol:BoundedProtocol`. The parser beneath keeps all the
headers that it is sent. A flood of them, or one that never ends, would fill the memory of the
process and the time of its event loop. Bodies are limited by `config.asgi.body_limits`, once the
head is known.

There is room for `SAYSO_MAX_CONNECTIONS`. The next one takes the place of the one that has waited
for its client longest: for a head, for the rest of a body, or for the client to take its answer.
When all are being answered it is told to come again. Answers that clients do not take may fill
`SAYSO_MAX_BODY_MEMORY`, as bodies may.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_HEAD: Final = 2**16
"""Bytes of request line and headers together.

What comes in one read of the socket beside it may be on top.
"""
HEAD_SECONDS: Final = 20.0

MOST_PIPELINED: Final = 32
"""Requests of one connection that may wait for the one before them.

One read of the socket can hold ten thousand of them, and each would be kept in memory.
"""

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


class PipelineTooLong(Exception):
    """More requests wait on one connection than may."""


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
    _answered: RequestResponseCycle | None = None  # the request that is being answered, or was last
    is_cut_off = False
    waits_since = 0.0

    # As in the base class.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, if there is room for one more connection."""
        super().connection_made(transport)
        self.waits_since = self.loop.time()
        most = settings.SAYSO_MAX_CONNECTIONS
        # The cheap count first: those that were cut off are left out only where it matters.
        full = len(self.connections) > most and len(self._list_others()) >= most
        if full and not self._make_room():
            self._refuse(503)
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_more()
        self._tell_disconnected()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it while it belongs to a head."""
        if self._refused:
            self._throw_away(data)
            return
        if self._in_head:
            self._wait()
        else:
            self.waits_since = self.loop.time()
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
        """Stop the wait: the head is whole.

        Raises PipelineTooLong, which ends the parser.
        """
        self._in_head, self._head = False, 0
        self._wait_no_more()
        super().on_headers_complete()
        if len(self.pipeline) > MOST_PIPELINED:
            self.cut_off()
            raise PipelineTooLong

    def on_message_complete(self) -> None:
        """Count from zero: what comes now is the next request's head."""
        super().on_message_complete()
        self._in_head = self._new_head = True
        self.waits_since = self.loop.time()

    def pause_writing(self) -> None:
        """Wait for the client to take its answer, and keep the sum of such answers bounded."""
        super().pause_writing()
        self.waits_since = self.loop.time()
        unread = [one for one in self._list_others() if one.flow.write_paused] + [self]
        held = sum(one.transport.get_write_buffer_size() for one in unread)

        for one in sorted(unread, key=lambda one: one.waits_since):
            if held <= settings.SAYSO_MAX_BODY_MEMORY:
                return
            held -= one.transport.get_write_buffer_size()
            one.cut_off()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    # What is wrong with the head is the parser's word, and no one reads it.
    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as in the base class
        """Refuse what is no HTTP."""
        self._refuse(400)

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing can go on before the client does something."""
        if self.transport.is_closing() or self.flow.write_paused:
            return True

        one = self._answered
        if one is None or one.response_complete:
            return True
        # A body that this process has not asked for is not waited for.
        return one.more_body and not self.flow.read_paused

    def cut_off(self) -> None:
        """End the connection now.

        What its client has not taken is thrown away: to wait until it does could take for ever.
        """
        self.is_cut_off = True
        # In the loop's next round, because this may be the transport's own call.
        self.loop.call_soon(self.transport.abort)

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for its client, and return whether there
        was one.
        """
        waiting = [one for one in self._list_others() if one.waits_for_client]
        if not waiting:
            return False

        min(waiting, key=lambda one: one.waits_since).cut_off()
        return True

    def _list_others(self) -> list[BoundedProtocol]:
        """Return the other connections of this process that are not cut off.

        One that is closing is among them until its client has taken the last byte.
        """
        known = [one for one in self.connections if isinstance(one, BoundedProtocol)]
        return [one for one in known if one is not self and not one.is_cut_off]

    def _tell_disconnected(self) -> None:
        """Tell the request that is being answered that its client has gone.

        The base class tells the last one that came, which may still wait behind it.
        """
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

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
        if self._refused or self.is_cut_off or self.transport.is_closing():
            return

        self._refused = True
        # A request that is still being answered is answered no further.
        self._tell_disconnected()
        self.pipeline.clear()
        self.transport.write(_REFUSALS[status] + _NOTHING_MORE)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.transport.close()

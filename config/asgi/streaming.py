"""The edge of streamed answers: sends them piece by piece, and breaks them off when they may not go
on.

Django makes the head of the answer and is done: its thread and its connection are free before the
first piece. The head waits for that piece, so whatever goes wrong before it is still answered as a
problem document.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Final

from django.db import close_old_connections
from prometheus_client import Counter, Gauge

from config import problems
from config.asgi import abort_connection
from core import streaming_response
from core.errors import SaysoError, Unavailable
from core.json_logging import request_id
from core.streaming_response import Framing, Slot, Stream

logger = logging.getLogger(__name__)
Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

LONGEST_SECONDS: Final = 600.0
"""Of one stream."""
STALL_SECONDS: Final = 30.0
SETTLE_SECONDS: Final = 5.0
"""What streams that are broken off at the end of the server may take for their rows."""
RUNNING: Final = Gauge(
    "sayso_streams_running", "Streams that are being sent.", multiprocess_mode="livesum"
)
ENDED: Final = Counter("sayso_streams_total", "Streams by how they ended.", ["outcome"])


_running: Final[set[asyncio.Future[None]]] = set()
_stops: Final[set[asyncio.Future[None]]] = set()


class StreamTooSlow(Unavailable):
    """The caller did not take a stream fast enough, or it lasted too long. It was broken off."""

    code = "stream_too_slow"


def stream_responses(application: Application) -> Application:
    """Wrap an ASGI application: what its views leave to be streamed is sent behind the head that it
    made.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        slot = Slot()
        head = _Head(send, slot)
        token = streaming_response.slot.set(slot)

        async def hold_head(message: Message) -> None:
            if slot.stream is None or not head.keeps(message):
                await send(message)

        try:
            await application(scope, receive, hold_head)
        finally:
            streaming_response.slot.reset(token)
            stream = slot.close()
        if stream is not None:
            running = asyncio.ensure_future(_send_and_settle(stream, slot, head, receive))
            _running.add(running)
            running.add_done_callback(_running.discard)
            await asyncio.shield(running)

    return answer


async def end_streams() -> None:
    """Break off the streams that still run when the server ends, and settle them."""
    for stop in tuple(_stops):
        if not stop.done():
            stop.set_result(None)
    if _running:
        await asyncio.wait(_running, timeout=SETTLE_SECONDS)


class _Head:
    """The head of a streamed answer, kept until the first piece is there."""

    def __init__(self, send: Send, slot: Slot) -> None:
        self.send = send
        self._slot = slot
        self.sent = False
        self._start: Message | None = None

    def keeps(self, message: Message) -> bool:
        """Keep the head of a good answer and the empty body behind it, and return whether `message`
        was kept.

        An error's answer is not kept and passes on.
        """
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
        return self._start is not None

    @property
    def there(self) -> bool:
        """Whether there is a head to send: the answer is neither an error nor was its caller
        gone.
        """
        return self._start is not None

    async def go(self) -> None:
        """Send the head, without a length."""
        assert self._start is not None  # noqa: S101  # asked by the caller
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        self.sent = True
        await self.send({**self._start, "headers": headers})

    async def refuse(self, error: BaseException) -> None:
        """Answer with a problem document instead. Keep the headers that name the request and its
        limits.
        """
        assert self._start is not None  # noqa: S101  # asked by the caller
        kept = [
            pair
            for pair in self._start["headers"]
            if pair[0].lower().startswith((b"x-request", b"ratelimit"))
        ]
        name = next((value.decode() for key, value in kept if key.lower() == b"x-request-id"), "")
        token = request_id.set(name)
        try:
            status, body, extra = problems.describe_error(
                error if isinstance(error, Exception) else Unavailable("Ended.")
            )
        finally:
            request_id.reset(token)
        media_type = b"application/problem+json"
        if self._slot.write_error is not None:
            status, body = self._slot.write_error(status, body)
            media_type = b"application/json"
        data = json.dumps(body).encode()
        headers = [
            *kept,
            (b"content-type", media_type),
            (b"content-length", str(len(data)).encode()),
            *((key.lower().encode(), value.encode()) for key, value in extra.items()),
        ]
        self.sent = True
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": data})


async def _send_and_settle(stream: Stream, slot: Slot, head: _Head, receive: Receive) -> None:
    """Send the stream and settle it, whatever happens."""
    whole = False
    RUNNING.inc()
    try:
        whole = await _send_stream(stream, slot, head, receive) if head.there else False
        if not head.there:
            await stream.give_up(None)
    finally:
        RUNNING.dec()
        for call in slot.at_end:
            await asyncio.get_running_loop().run_in_executor(
                None, partial(_call_at_end, call, whole=whole)
            )


async def _send_stream(stream: Stream, slot: Slot, head: _Head, receive: Receive) -> bool:
    """Send the stream until its end, and return whether it was sent whole.

    Stop early when the permission ends, the caller goes, or it takes too long.
    """
    sending = asyncio.create_task(_send_chunks(stream, slot.framing, head))
    ended = asyncio.create_task(stream.wait_for_end())
    gone = asyncio.create_task(_wait_for_disconnect(receive))
    stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _stops.add(stop)
    tasks = (sending, ended, gone, stop)
    try:
        await asyncio.wait(tasks, timeout=LONGEST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        error = _find_end_cause(sending, ended, gone, stop)
        if error is None and sending.done():
            ENDED.labels("whole").inc()
            return True
        # The connection first: whatever else has to be done can wait.
        await _abort_stream(head, error)
        stream.stop()
    finally:
        _stops.discard(stop)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    ENDED.labels(
        error.stable_code
        if isinstance(error, SaysoError)
        else "client_gone"
        if error is None
        else "internal"
    ).inc()
    await stream.give_up(error)
    return False


def _find_end_cause(
    sending: asyncio.Task[None],
    ended: asyncio.Task[SaysoError],
    gone: asyncio.Task[None],
    stop: asyncio.Future[None],
) -> BaseException | None:
    """Return the error for which the stream cannot go on.

    Return None when everything was sent, and when the caller has gone.
    """
    if sending.done() and sending.exception() is None:
        return None
    if ended.done():
        return ended.exception() or ended.result()
    if sending.done():
        return sending.exception()
    if stop.done():
        return Unavailable("The server is being stopped.", retry_after=1)
    return None if gone.done() else StreamTooSlow("The stream took too long.", retry_after=1)


async def _send_chunks(stream: Stream, framing: Framing | None, head: _Head) -> None:
    async with aclosing(stream.chunks()) as chunks:
        async for chunk in chunks:
            if not head.sent:
                abort_connection.limit_send_buffer(head.send)
                await head.go()
            body = framing.wrap(chunk) if framing else chunk
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await head.send({"type": "http.response.body", "body": body, "more_body": True})
            except TimeoutError:
                raise StreamTooSlow("The caller takes nothing.", retry_after=1) from None
            stream.note_sent(chunk)  # nothing is awaited between the writing and this
    await stream.finish()
    last = framing.close() if framing else b""
    await head.send({"type": "http.response.body", "body": last, "more_body": False})


async def _abort_stream(head: _Head, error: BaseException | None) -> None:
    if error is None:
        return
    if not isinstance(error, SaysoError):
        logger.error("stream failed", exc_info=error)
    if not head.sent:
        with suppress(OSError):
            await head.refuse(error)
    elif not await abort_connection.break_connection(head.send):
        logger.warning("connection cannot be aborted, left to the server")


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _call_at_end(call: Callable[[bool], None], *, whole: bool) -> None:
    close_old_connections()
    try:
        call(whole)
    except Exception:  # what stands at the end of an answer cannot spoil it any more
        logger.exception("after a stream")
    finally:
        close_old_connections()

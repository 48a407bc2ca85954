"""How large a request's body may be, and how slowly it may come: refused before anything stores it.

How large it may be, its view declares (see `config.asgi.declared_limits`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from accounts.rate_limits import Allowance
from config import problems
from config.asgi import declared_limits
from core import ids
from core.body_size import FORM_OVERHEAD, parse_content_length
from core.errors import EncodingUnsupported, RateLimited, SaysoError, TooLarge, TooSlow
from core.json_logging import request_id

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

_PATIENCE: Final = 4
"""How many times its limit a person's upload may have, to be thrown away so that a page can say it
is too large.
"""

SILENCE: Final = 30.0
WHOLE: Final = 600.0
"""Seconds: how long a body may stand still, and how long it may take in all (a form of recordings
at 2 Mbit/s).
"""

LEAST_RATE: Final = 2**14
"""Bytes a second that a body brings at least, on average over `SILENCE`.

Otherwise one byte every few seconds would keep all the bytes before it in memory.
"""

DRAIN_SECONDS: Final = 2.0
DRAIN_BYTES: Final = 2**26
"""How long and how much of a refused body is thrown away before the connection is closed."""


class BodyRefused(Exception):
    """The body is not read any further. `error` is the answer to the caller."""

    def __init__(self, error: SaysoError) -> None:
        super().__init__(error.detail)
        self.error = error


class RefusableCall:
    """A call of an application whose body may be refused while it is read.

    The application is told that its client has gone. The framework then closes what it has of the
    body, which it does not when an error passes through it. What it still sends is dropped.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._refusal: BodyRefused | None = None

    async def run(self, application: Application, scope: Scope) -> None:
        """Call the application.

        Raises BodyRefused when `receive` raised it.
        """
        await application(scope, self._pass_message, self._pass_answer)
        if self._refusal is not None:
            raise self._refusal

    async def _pass_message(self) -> Message:
        try:
            return await self._receive()
        except BodyRefused as refusal:
            self._refusal = refusal
            return {"type": "http.disconnect"}

    async def _pass_answer(self, message: Message) -> None:
        if self._refusal is None:
            await self._send(message)


class _Body:
    """A body as it comes: how many bytes are there, and when it must be whole."""

    def __init__(self, receive: Receive, *, limit: int) -> None:
        self.came, self.whole = 0, False
        self.receive, self._limit = receive, limit
        self._ends = time.monotonic() + WHOLE
        self._patience = SILENCE  # seconds that may still be waited for what comes next

    async def next(self) -> Message:
        """Return the next message.

        Raises BodyRefused when the body is too large, or comes too slowly.
        """
        # Who still asks waits for the client to go away.
        if self.whole:
            return await self.receive()
        try:
            began = time.monotonic()
            async with asyncio.timeout(max(0.0, min(self._patience, self._ends - began))):
                message = await self.receive()
        except TimeoutError:
            raise BodyRefused(TooSlow("The body did not come in time.")) from None
        size = len(message.get("body", b""))
        self.came += size
        waited = time.monotonic() - began
        self._patience = min(SILENCE, self._patience - waited + size / LEAST_RATE)
        self.whole = not message.get("more_body", False)
        if self.came > self._limit:
            raise BodyRefused(_too_large_error(self._limit))
        return message


def limit_request_bodies(application: Application) -> Application:
    """Wrap an ASGI application: a body over its limit is answered with 413, whatever length was
    declared.

    Without this the framework reads any body to its end, and what is over a few megabytes goes to a
    file on disk. A body that comes in chunks declares no length, and the framework takes it for
    none at all. Such a length is declared here with the last chunk: the framework reads the
    headers only then.
    """
    declared_limits.collect_routes()  # at the start, not at the first request

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        allowed, declared = declared_limits.get_limit(scope["path"]), get_declared_length(scope)
        limit = allowed.max_bytes + FORM_OVERHEAD
        scope = {**scope, "headers": list(scope["headers"])}
        if coding := _content_coding(scope):
            await refuse_body(
                EncodingUnsupported(f"The body is compressed ({coding}). Send it as it is."),
                receive,
                send,
            )
            return
        if declared is not None and declared > limit:
            if allowed.explained_by_view and declared <= _PATIENCE * limit:
                await _answer_page(application, scope, _Body(receive, limit=declared), send)
            else:
                await refuse_body(_too_large_error(limit), receive, send)
            return
        body = _Body(receive, limit=limit)

        async def receive_counted() -> Message:
            before, message = body.whole, await body.next()
            if declared is None and body.came and body.whole and not before:
                scope["headers"].append((b"content-length", str(body.came).encode()))
            return message

        try:
            await RefusableCall(receive_counted, send).run(application, scope)
        except BodyRefused as refusal:
            await refuse_body(refusal.error, receive, send)

    return answer


async def _answer_page(application: Application, scope: Scope, body: _Body, send: Send) -> None:
    """Have the view answer a body that is too large by its declared length, and throw the body
    away.

    A browser shows an answer only when it was let finish sending.
    """
    try:
        while not body.whole:
            await body.next()
    except BodyRefused as refusal:
        await refuse_body(refusal.error, body.receive, send)
        return
    nothing: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_empty() -> Message:
        return nothing.pop() if nothing else await body.next()

    await application(scope, receive_empty, send)


def get_declared_length(scope: Scope) -> int | None:
    """Return the length that the head declares, or None."""
    text = dict(scope["headers"]).get(b"content-length")
    return parse_content_length(None if text is None else text.decode("latin-1"))


def _content_coding(scope: Scope) -> str:
    """Return what the body was coded with, cut short, or an empty text for a body as it is.

    A body may be coded as content (RFC 9110, section 8.4) or for its transfer (RFC 9112, section
    7).
    """
    named = [
        value.decode("latin-1")
        for name, value in scope["headers"]
        if name in {b"content-encoding", b"transfer-encoding"}
    ]
    codings = [word.strip().lower() for word in ",".join(named).split(",")]
    # The server has joined the chunks of a transfer before this.
    return next((word[:32] for word in codings if word not in {"", "identity", "chunked"}), "")


def _too_large_error(limit: int) -> TooLarge:
    return TooLarge(f"The body is over {limit} bytes.")


async def refuse_body(error: SaysoError, receive: Receive, send: Send) -> None:
    """Send the problem document, then throw away what still comes, so that the client hears it.

    Most clients send their whole body before they listen. A connection that is closed while they
    send is reset, and the answer is lost with it.
    """
    request_name = ids.new("req")
    token = request_id.set(request_name)
    try:
        status, body, more = problems.describe_error(error)
    finally:
        request_id.reset(token)
    data = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(data)).encode()),
        (b"x-request-id", request_name.encode()),
        (b"connection", b"close"),
        *((field.lower().encode(), value.encode()) for field, value in more.items()),
    ]
    if isinstance(error, RateLimited) and isinstance(limit := error.facts.get("limit"), int):
        left = Allowance(limit=limit, remaining=0, reset_seconds=error.retry_after or 1)
        headers += [(name.lower().encode(), text.encode()) for name, text in left.headers().items()]
    if isinstance(error, EncodingUnsupported):
        headers.append((b"accept-encoding", b"identity"))

    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data, "more_body": True})
    await _drain_body(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain_body(receive: Receive) -> None:
    """Read the rest of the body and keep nothing of it, up to `DRAIN_SECONDS` and `DRAIN_BYTES`."""
    left = DRAIN_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return

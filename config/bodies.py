"""How large a request's body may be at all, by its path: refused before the framework would store it anywhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from django.conf import settings

from config import problems
from core import ids
from core.errors import TooLarge
from core.logs import request_id
from core.uploads import FORM_OVERHEAD
from voices.api.speech import SpeechBatch
from voices.api.voices import Voices

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

_UPLOADS: Final = frozenset({"/v1/verify", "/verify"})


class _TooMuch(Exception):
    """More came than may come."""


def limit_of(path: str) -> int:
    """The most bytes that a body sent to this path may have."""
    if path == "/v1/voices":
        return Voices.body_limit + FORM_OVERHEAD
    if path == "/v1/speech/batch":
        return SpeechBatch.body_limit + FORM_OVERHEAD
    largest: int = settings.SAYSO_MAX_UPLOAD_BYTES if path in _UPLOADS else settings.SAYSO_MAX_JSON_BYTES
    return largest + FORM_OVERHEAD


def bounded(application: Application) -> Application:
    """Wrap an ASGI application: a body over its limit is answered with 413, whatever length was declared.

    Without this the framework reads any body to its end, and what is over a few megabytes goes to a file on disk; and
    it takes a body that comes in chunks, whose length nobody declared, for none at all. Such a length is declared here
    when the last chunk has come: the framework looks at the headers only then.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        limit, came, declared = limit_of(scope["path"]), 0, _declared(scope)
        scope = {**scope, "headers": list(scope["headers"])}
        if declared is not None and declared > limit:
            await _refuse(limit, send)
            return

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > limit:
                raise _TooMuch
            if declared is None and came and not message.get("more_body", False):
                scope["headers"].append((b"content-length", str(came).encode()))
            return message

        try:
            await application(scope, counted, send)
        except _TooMuch:
            await _refuse(limit, send)

    return answer


def _declared(scope: Scope) -> int | None:
    """Give the declared length, 0 for what is no number; None when there is no such header."""
    text = dict(scope["headers"]).get(b"content-length")
    if text is None:
        return None
    return int(text) if text.isdigit() and len(text) < 20 else 0


async def _refuse(limit: int, send: Send) -> None:
    name = ids.new("req")
    token = request_id.set(name)
    try:
        status, body, _ = problems.describe(TooLarge(f"The body is over {limit} bytes."))
    finally:
        request_id.reset(token)
    data = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(data)).encode()),
        (b"x-request-id", name.encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})

"""Refusals that the edge itself sends: a page of another origin may read them where it may read the
answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from config import open_addresses

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


def open_to_pages(application: Application) -> Application:
    """Wrap an ASGI application: every answer of an open address says that pages may read it.

    A body that is over its limit is refused before Django sees it. Without the headers a page would
    learn nothing but that its request failed.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not open_addresses.is_open(scope["path"]):
            await application(scope, receive, send)
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _add_headers(message["headers"])}
            await send(message)

        await application(scope, receive, send_open)

    return answer


def _add_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    sent = list(headers)
    there = {name.lower() for name, _ in sent}
    wanted = (
        (name.lower().encode(), value.encode()) for name, value in open_addresses.HEADERS.items()
    )
    return [*sent, *(one for one in wanted if one[0] not in there)]

"""Kinds of answers that the edge treats in their own way, and headers that several share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.response import Response

POLL_SECONDS: int = 1


class SecretResponse(Response):
    """An answer with something in it that is shown once, such as a key.

    It is never kept for a retry.
    """


def polling_headers(*, finished: bool) -> dict[str, str]:
    """Return `Retry-After` while something is not finished: when it is worth asking again."""
    return {} if finished else {"Retry-After": str(POLL_SECONDS)}


def stream_parts(
    request: HttpRequest, parts: Iterator[bytes], *, content_type: str
) -> StreamingHttpResponse:
    """Return an answer that is sent part by part, under ASGI and WSGI alike."""
    in_loop = isinstance(request, ASGIRequest)
    served = _read_in_thread(parts) if in_loop else parts
    return StreamingHttpResponse(served, content_type=content_type)


async def _read_in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read the parts outside of the event loop.

    Django would otherwise gather all of them before sending the first.
    """
    following = sync_to_async(partial(next, parts, None), thread_sensitive=False)
    while (part := await following()) is not None:
        yield part

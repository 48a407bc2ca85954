"""The client of threads and workers: they wait, and one thread carries all connections."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from upstream.exchange import ProviderAnswer, call_async
from upstream.loop_thread import get_loop_thread
from upstream.upstream_request import UpstreamRequest

T = TypeVar("T")


def call(request: UpstreamRequest, *, most_bytes: int) -> ProviderAnswer:
    """Send the request, and return its whole answer of at most `most_bytes` bytes.

    Raises ProviderUnavailable, ProviderRefused, ProviderAccountRefused, ProviderAddressRefused.
    """
    return wait_for(call_async(request, most_bytes=most_bytes))


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`, which is done in the thread of the connections.

    Raises what it raises, and ExchangeEnded when this process is being stopped.
    """
    return get_loop_thread().run(work)

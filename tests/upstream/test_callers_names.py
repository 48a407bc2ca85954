"""Names of hosts that callers give: those whose servers hang keep no provider waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from upstream.upstream_request import TimeLimits, make_file_request
from upstream.upstream_sessions import (
    JudgingResolver,
    close_sessions,
    get_session,
)

MANY = 40
"""More than the threads that an event loop has for look-ups."""


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that never answers about one domain, until the test is over."""
    over = threading.Event()

    def hang(host: Any, port: Any, *_: Any, **__: Any) -> Any:
        if str(host).endswith("hangs.example"):
            over.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.mark.usefixtures("hanging")
def test_that_hang_keep_no_provider_waiting() -> None:
    async def look_up() -> str:
        theirs = JudgingResolver(is_self_hosted=False, is_callers=True)
        waiting = [
            asyncio.create_task(theirs.resolve(f"h{number}.hangs.example", 443))
            for number in range(MANY)
        ]
        await asyncio.sleep(0.1)
        ours = JudgingResolver(is_self_hosted=False)
        try:
            (found,) = await asyncio.wait_for(ours.resolve("api.inworld.ai", 443), 5)
        finally:
            for task in waiting:
                task.cancel()
        return str(found["host"])

    assert asyncio.run(look_up()) == "8.8.8.8"


def test_have_a_session_of_their_own() -> None:
    request = make_file_request("https://files.example.com/a.wav", times=TimeLimits())

    async def open_both() -> bool:
        theirs = get_session(is_self_hosted=request.is_self_hosted, is_callers=request.is_callers)
        ours = get_session(is_self_hosted=False)
        await close_sessions()
        return theirs is not ours

    assert asyncio.run(open_both())

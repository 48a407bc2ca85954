"""The end of a server: what it holds open is closed."""

from __future__ import annotations

import asyncio
from typing import Any

from config.asgi.application import application
from upstream import upstream_sessions


def test_the_end_closes_what_is_open_to_providers() -> None:
    said: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.shutdown"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message["type"])

    async def serve() -> list[bool]:
        sessions = [
            upstream_sessions.get_session(is_self_hosted=is_engine) for is_engine in (True, False)
        ]
        await application({"type": "lifespan"}, receive, send)
        return [session.closed for session in sessions]

    assert asyncio.run(serve()) == [True, True]
    assert said == ["lifespan.shutdown.complete"]

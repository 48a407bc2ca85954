"""The ASGI application; in the embedded default its lifespan also starts and stops the worker threads."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()

from config import bodies, streams, worker  # noqa: E402 - tasks need the apps that the line above loads
from config.backup import unfinished  # noqa: E402 - as above

_http = streams.carried_out(bodies.bounded(_django))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve HTTP through Django; on start and stop, run the embedded worker without a broker."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    else:  # a websocket: there is nothing here that speaks it
        await receive()
        await send({"type": "websocket.close"})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            unfinished.refuse()
            worker.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            worker.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return

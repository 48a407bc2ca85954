"""The ASGI application. In the embedded default its lifespan runs the worker threads."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()

# Tasks need the apps that the line above loads.
from audio.sandbox import template_client  # noqa: E402 - as above
from config import (  # noqa: E402 - as above
    celery,  # noqa: F401 - the app of the tasks
    database_waits,
    embedded_worker,
    process_protection,
)
from config.asgi import (  # noqa: E402 - as above
    body_admission,
    body_limits,
    proxy_addresses,
    refusals_for_pages,
    streaming,
)
from config.backup import restore_guard  # noqa: E402 - as above
from upstream import upstream_sessions  # noqa: E402 - as above
from voices.text_language import detectors  # noqa: E402 - as above

_http = proxy_addresses.unify_proxy_calls(
    refusals_for_pages.open_to_pages(
        streaming.stream_responses(
            body_limits.limit_request_bodies(body_admission.admit_bodies(_django))
        )
    )
)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve HTTP through Django. Without a broker, start and stop the embedded worker with it."""
    if scope["type"] == "lifespan":
        await _run_lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    else:  # a websocket: there is nothing here that speaks it
        await receive()
        await send({"type": "websocket.close"})


async def _run_lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            database_waits.bound_waits()
            restore_guard.refuse_unfinished_restore()
            process_protection.protect_process()
            template_client.start_templates()
            detectors.start_detectors()
            embedded_worker.start_worker()
            await send({"type": "lifespan.startup.complete"})
        else:
            await streaming.end_streams()
            await upstream_sessions.close_sessions()
            embedded_worker.stop_worker()
            await send({"type": "lifespan.shutdown.complete"})
            return

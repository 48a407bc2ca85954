"""Cartesia's stream of events: `chunk` a piece, `done` at the end."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any


class CartesiaEvents:
    """Server-sent events. `tick` gives seconds, by which a piece says how long it took."""

    def __init__(self, context_id: str | None, *, tick: Callable[[], float]) -> None:
        self._context = {"context_id": context_id} if context_id else {}
        self._tick = tick
        self._last = tick()

    def wrap(self, data: bytes) -> bytes:
        """Return one piece as an event `chunk`."""
        before, self._last = self._last, self._tick()
        return _write_event(
            "chunk",
            {
                "data": base64.b64encode(data).decode("ascii"),
                "done": False,
                "status_code": 206,
                "step_time": round((self._last - before) * 1000, 3),
                **self._context,
            },
        )

    def close(self) -> bytes:
        """Return the event `done`."""
        return _write_event("done", {"done": True, "status_code": 200, **self._context})


def _write_event(kind: str, members: Mapping[str, Any]) -> bytes:
    text = json.dumps({"type": kind, **members}, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n".encode()

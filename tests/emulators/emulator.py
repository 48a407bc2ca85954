"""The base of all emulators: a real HTTP server in a thread, what it was asked, and its faults."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from aiohttp import web

from tests.voices.conftest import reading

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
START_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.005
CHARACTERS_A_SECOND: Final = 15
MOST_BODY: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next requests to a path: a status, a delay, a cut, another answer.

    `times` of None is for ever.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cut_after: int | None = None
    answer: bytes | None = None
    media_type: str = "application/json"
    times: int | None = 1


@dataclass(slots=True)
class Pace:
    """How fast streams are spoken: the seconds before each piece, and from which one on nothing
    comes until `hold_at` is None again.

    `written` counts the pieces of all streams, `whole` those that were spoken to their end, and
    `gone` has the time at which each caller was seen to have gone.
    """

    seconds: float = 0.0
    hold_at: int | None = None
    written: int = 0
    whole: int = 0
    gone: list[float] = field(default_factory=list)


class Emulator:
    """A provider. A subclass adds routes with `route` and keeps its voices in `voices`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.voices: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, Fault] = {}
        self.pace = Pace()
        self.base_url = ""
        self._app = web.Application(client_max_size=MOST_BODY, middlewares=[self._watch])
        self.add_routes()

    def add_routes(self) -> None:
        """Add the routes."""
        raise NotImplementedError

    def refuse(self, status: int, message: str) -> web.Response:
        """An error as the provider writes it."""
        raise NotImplementedError

    def authorised(self, request: web.Request) -> bool:
        """Whether the request carries the account's key."""
        raise NotImplementedError

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Add a route. Whatever is no route is refused."""
        self._app.router.add_route(method, path, handler)

    def fail(self, path: str, fault: Fault) -> None:
        """Have requests whose path begins so go wrong."""
        self.faults[path] = fault

    def count(self, method: str, path: str) -> int:
        """How many requests came to this method and path."""
        return sum(1 for one in self.asked if (one.method, one.path) == (method, path))

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(
            Asked(request.method, request.path, dict(request.headers), await request.read())
        )
        if (fault := self._take_fault(request.path)) is not None:
            await asyncio.sleep(fault.seconds)
            if fault.answer is not None or fault.status is not None:
                return web.Response(
                    status=fault.status or 200,
                    body=fault.answer or b"{}",
                    headers={**fault.headers, "Content-Type": fault.media_type},
                )
        if not self.authorised(request):
            return self.refuse(401, "no such key")
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return self.refuse(404, "no such route")

    async def keep_pace(self, request: web.Request, number: int) -> None:
        """Wait before the piece of this number as `pace` says, or until the caller has gone.

        Raises ConnectionResetError then.
        """
        pace, ends = self.pace, time.monotonic() + self.pace.seconds
        while time.monotonic() < ends or (pace.hold_at is not None and number >= pace.hold_at):
            if request.transport is None or request.transport.is_closing():
                pace.gone.append(time.monotonic())
                raise ConnectionResetError
            await asyncio.sleep(LOOK_SECONDS)
        pace.written += 1

    def _take_fault(self, path: str) -> Fault | None:
        for begin, fault in self.faults.items():
            if not path.startswith(begin):
                continue
            if fault.times is None:
                return fault
            if fault.times > 0:
                fault.times -= 1
                return fault
        return None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve on a free loopback port while the block runs."""
        loop, ready = asyncio.new_event_loop(), threading.Event()
        stop = asyncio.Event()

        async def serve() -> None:
            runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.base_url = f"http://127.0.0.1:{port}"
            ready.set()
            await stop.wait()
            await runner.cleanup()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
        thread.start()
        try:
            assert ready.wait(START_SECONDS), "the emulator did not start"
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


def speak_pcm(text: str, rate: int, *, reader: str = "0870") -> bytes:
    """16-bit little-endian mono PCM of a real reader, as long as the text would take."""
    sound = reading(reader).resample(rate)
    length = max(round(len(text) / CHARACTERS_A_SECOND * rate), rate)
    samples = np.resize(sound.samples, length)
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def wrap_wav(pcm: bytes, rate: int) -> bytes:
    """A WAV file around 16-bit mono PCM."""
    size, byte_rate = len(pcm), 2 * rate
    header = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt "
    header += (16).to_bytes(4, "little") + (1).to_bytes(2, "little") + (1).to_bytes(2, "little")
    header += rate.to_bytes(4, "little") + byte_rate.to_bytes(4, "little")
    header += (2).to_bytes(2, "little") + (16).to_bytes(2, "little")
    return header + b"data" + size.to_bytes(4, "little") + pcm

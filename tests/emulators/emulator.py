"""The base of all emulators: a real HTTP server in a thread, what it was asked, and its faults."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import soundfile
from aiohttp import web

from audio.sound import Sound
from tests.voices.conftest import recording
from voices.canary import canary_voices
from voices.canary.canary_voices import BOTH, Which
from voices.sample_checks import speaker_encoder, voice_activity

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
START_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.005
CHARACTERS_A_SECOND: Final = 15
MOST_BODY: Final = 64 * 2**20
MANY: Final = 100_000
"""Bytes from which a body may hold a recording."""
SPOKEN_WITH: ContextVar[tuple[Which, str] | None] = ContextVar("SPOKEN_WITH", default=None)
"""The canary's voice that the present request speaks with, and the language it is read in."""
_RECORDING: ContextVar[str] = ContextVar("recording", default="librivox-austen-0870.wav")
"""Whose voice answers the request at hand."""


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
    """A provider. A subclass adds routes with `route` and keeps its voices in `voices`.

    `stranger` is a recording of someone else, who speaks instead of every voice.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.voices: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, Fault] = {}
        self.pace = Pace()
        self.numbered = 0
        self.method_faults: dict[str, Fault] = {}
        self.base_url = ""
        self.canary: dict[str, Which] = {}
        """The canary's voices by the ids under which they were made here."""
        self.presets: dict[str, Which] = {}
        """The provider's own voices, and how they sound when they speak the canary's sentences."""
        self.one_voice: Which | None = None
        """A fault: it speaks with this voice of the canary, whichever is asked for."""
        self.one_language: str | None = None
        """A fault: it reads every text by the rules of this language."""
        self.is_mixed_up = False
        """A fault: it speaks with the other voice of the canary than the one asked for."""
        self.stranger = ""
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
        fault = self.method_faults.get(request.method) or self._take_fault(request.path)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.answer is not None or fault.status is not None:
                return web.Response(
                    status=fault.status or 200,
                    body=fault.answer or b"{}",
                    headers={**fault.headers, "Content-Type": fault.media_type},
                )
        if not self.authorised(request):
            return self.refuse(401, "no such key")
        body, before = await request.read(), set(self.voices)
        brought = self.find_canary(body)
        asked_with = brought or self._find_voice(request.path, body)
        SPOKEN_WITH.set(asked_with and (self._choose_reader(asked_with), self.one_language or ""))
        if self.stranger:
            _RECORDING.set(self.stranger)
        try:
            answer = await handler(request)
            if brought:
                made = set(self.voices) - before
                self.canary |= dict.fromkeys(made or self._names_in(request.path, body), brought)
        except web.HTTPNotFound:
            return self.refuse(404, "no such route")
        return answer

    def find_canary(self, body: bytes) -> Which | None:
        """Which of the canary's recordings a body brings."""
        return find_recording(body)

    def _choose_reader(self, asked_with: Which) -> Which:
        if self.is_mixed_up:
            return "first" if asked_with == "second" else "second"
        return self.one_voice or asked_with

    def _names_in(self, path: str, body: bytes) -> list[str]:
        return [name for name in self.voices if name in path or name.encode() in body]

    def _find_voice(self, path: str, body: bytes) -> Which | None:
        """The canary's voice that a request names, also one that was deleted since."""
        known = self.canary | (self.presets if has_sentence(body) else {})
        named = [one for one in known if one in path or one.encode() in body]
        return known[named[0]] if named else None

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

    def take_number(self) -> int:
        """A number that no voice has had, from 0."""
        self.numbered += 1
        return self.numbered - 1

    def forget_canary(self) -> None:
        """Forget all requests and voices, as before the account was checked."""
        self.asked.clear()
        self.numbered = 0
        for name in self.canary:
            self.voices.pop(name, None)
        self.canary.clear()

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


def has_sentence(body: bytes) -> bool:
    """Whether a body holds one of the canary's sentences, in a form or in JSON."""
    written = [(json.dumps(one)[1:-1], one) for one in canary_voices.SENTENCES.values()]
    return any(way.encode() in body for ways in written for way in ways)


def find_recording(body: bytes) -> Which | None:
    """Which of the canary's recordings a body brings, as a WAV or as one in base64."""
    if len(body) < MANY:
        return None
    # The letters alone also stand in base64 by chance.
    if (found := re.search(rb"RIFF....WAVE", body, re.DOTALL)) is not None:
        begin = found.start()
        size = int.from_bytes(body[begin + 4 : begin + 8], "little") + 8
        return identify_recording(body[begin : begin + size])
    if (begin := body.find(base64.b64encode(b"RIF"))) >= 0:
        written = body[begin:].partition(b'"')[0]
        return identify_recording(base64.b64decode(written))
    return None


@lru_cache
def identify_recording(data: bytes) -> Which | None:
    """Which voice of the canary a file holds. Another process makes it a little differently."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    lengths = [canary_voices.make_recording(which).sound.seconds for which in BOTH]
    if samples.ndim > 1 or min(abs(len(samples) / rate - one) for one in lengths) > 0.2:
        return None

    speech = voice_activity.detect_speech(Sound(np.asarray(samples), rate)).speech
    heard = speaker_encoder.compute_embedding(speech)
    likely = {which: float(heard @ canary_voices.embed_recording(which)) for which in BOTH}
    nearest = max(BOTH, key=lambda which: likely[which])
    return nearest if likely[nearest] > 0.9 else None


def speak_pcm(text: str, rate: int) -> bytes:
    """16-bit little-endian mono PCM of a real reader, as long as the text would take.

    With a voice of the canary it is what the built-in engine reads, as a good provider would.
    """
    if (spoken := SPOKEN_WITH.get()) is not None:
        return _read_as_canary(text, rate, *spoken)

    sound = recording(_RECORDING.get()).resample(rate)
    length = max(round(len(text) / CHARACTERS_A_SECOND * rate), rate)
    samples = np.resize(sound.samples, length)
    return write_pcm(samples)


@lru_cache(maxsize=64)
def _read_as_canary(text: str, rate: int, which: Which, language: str) -> bytes:
    told = {sentence: tag for tag, sentence in canary_voices.SENTENCES.items()}
    read: Sound = canary_voices.read_aloud(text, language or told.get(text, "en"), which=which)
    return write_pcm(read.resample(rate).samples)


def write_pcm(samples: Any) -> bytes:
    """Samples in 16 bits."""
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def wrap_wav(pcm: bytes, rate: int) -> bytes:
    """A WAV file around 16-bit mono PCM."""
    size, byte_rate = len(pcm), 2 * rate
    header = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt "
    header += (16).to_bytes(4, "little") + (1).to_bytes(2, "little") + (1).to_bytes(2, "little")
    header += rate.to_bytes(4, "little") + byte_rate.to_bytes(4, "little")
    header += (2).to_bytes(2, "little") + (16).to_bytes(2, "little")
    return header + b"data" + size.to_bytes(4, "little") + pcm

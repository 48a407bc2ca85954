"""A server in this process, so that its provider can be one that says its pieces when the test
wants it to.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn

from accounts.api_key_changes import IssuedKey
from audio.sound import Sound
from config.asgi.application import application
from config.demo.server import find_free_port
from provenance.models import Clip
from tests.fixtures.organisations import MakeKey
from tests.support.wire_client import Wire
from tests.voices.conftest import (
    AUDIOBOOK,
    Reader,
    reading,
)
from upstream.upstream_sessions import close_sessions
from voices.models import Voice
from voices.providers import registry
from voices.providers.base import AudioChunk, ProviderVoice, SpeechLine
from voices.speech.streaming.concurrency import START_GATE, STREAM_SLOTS

PIECE_SECONDS = 3.5
TEXT = "The harbour lay still. " * 4


class Teller(Reader):
    """Says `pieces` pieces of a reader; `before` is called with the number of each before it is
    made.
    """

    def __init__(
        self, pieces: int = 3, before: Callable[[int], object] = lambda _number: None
    ) -> None:
        super().__init__()
        self.pieces = pieces
        self.before = before
        self.made = 0
        self.sounds: list[Sound] = []

    def stream(
        self,
        voice: ProviderVoice,
        line: SpeechLine,
    ) -> Iterator[AudioChunk]:
        for number in range(self.pieces):
            self.before(number)
            self.made += 1
            yield AudioChunk(sound=self.piece(number), characters=len(line.text) // self.pieces)
        self.before(self.pieces)

    def piece(self, number: int) -> Sound:
        if self.sounds:
            return self.sounds[number]
        whole = reading().resample(24_000)
        size = round(PIECE_SECONDS * whole.rate)
        return Sound(np.roll(whole.samples, -number * size // 2)[:size], whole.rate)


@pytest.fixture
def teller(monkeypatch: pytest.MonkeyPatch) -> Teller:
    """The provider named `local`."""
    made = Teller()
    monkeypatch.setattr(registry, "_BUILT_IN", {"local": lambda: made})
    return made


@pytest.fixture
def port(transactional_db: None, clock_at_noon: None) -> Iterator[int]:
    """A server; its background work stands still. At the end no stream may be left."""
    chosen = find_free_port()
    loops: list[asyncio.AbstractEventLoop] = []

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        loops.append(asyncio.get_running_loop())
        await application(scope, receive, send)

    config = uvicorn.Config(answer, port=chosen, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield chosen
    until(lambda: STREAM_SLOTS.in_use == 0)
    assert START_GATE.inside == 0
    if loops:
        asyncio.run_coroutine_threadsafe(close_sessions(), loops[0]).result(5)
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def wire_of(port: int) -> Iterator[Callable[[IssuedKey], Wire]]:
    """Makes clients, and hangs up for them."""
    made: list[Wire] = []

    def make(key: IssuedKey) -> Wire:
        made.append(Wire(port, key.secret))
        return made[-1]

    yield make
    for call in (call for wire in made for call in wire.calls):
        call.close()


@pytest.fixture
def wire(wire_of: Callable[[IssuedKey], Wire], make_key: MakeKey) -> Wire:
    """Acme's product."""
    return wire_of(make_key())


def asked(voice: Voice, /, **changes: Any) -> dict[str, Any]:
    """The body of a call for a stream."""
    body: dict[str, Any] = {
        "voice": voice.id,
        "text": TEXT,
        "language": "en",
        "use_case": AUDIOBOOK,
    }
    return body | {"output": {"codec": "mp3"}, "delivery": {"mode": "stream"}} | changes


def until(done: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "not in time"
        time.sleep(0.01)


def settled(clip_id: str) -> Clip:
    """The clip, once it is settled."""
    until(lambda: Clip.objects.exclude(state="making").filter(id=clip_id).exists())
    return Clip.objects.get(id=clip_id)

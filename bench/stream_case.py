"""What the stream bench measures: a voice behind a server, a pausing consent, the way to the first bytes by stages."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from accounts import scopes, services
from bench.speech_case import USE_CASE, Case
from bench.stages import Named, Stages
from bench.stream import ROUNDS, SENTENCE, Server, process
from config.demo.server import free_port
from consent import gate
from consent import services as consents
from core import clock
from provenance import clips
from provenance.audio.encoding import Output
from provenance.audio.streaming import Encoder
from provenance.watermark import StreamEmbedder
from voices import handles
from voices.engine import speaking
from voices.orders import SpeechOrder
from voices.providers import registry
from voices.streaming import live

STAGES: Named = {
    "gate: decide, reserve, record, log": (gate, "check"),
    "intent and token": (clips, "intend"),
    "profile, from the vault": (handles, "open_handle"),
    "engine, first sentence": (speaking, "_spoken"),
    "mark, first segment": (StreamEmbedder, "push"),
    "encode mp3": (Encoder, "push"),
    "confirm": (gate, "confirm"),
}


@contextmanager
def served(case: Case) -> Iterator[Server]:
    """The case's voice behind a server."""
    issued = services.issue_key(
        organisation=case.voice.organisation,
        product="Bench",
        livemode=False,
        scopes_granted=scopes.ALL,
        actor="system:bench",
        at=clock.now(),
        calls_per_minute=100_000,
    )
    port = free_port()
    with process(port):
        yield Server(port=port, key=issued.secret, voice=case.voice.id)


def first_bytes(case: Case) -> dict[str, float]:
    """Median milliseconds to the first bytes and of each stage on the way: without HTTP and authentication."""
    order = SpeechOrder(
        voice_id=case.voice.id, text=2 * SENTENCE, language="en", use_case=USE_CASE, output=Output(codec="mp3")
    )
    stages, whole = Stages(STAGES), list[float]()

    async def play() -> None:
        for _ in range(ROUNDS):
            stages.round()
            began = time.perf_counter()
            begun = await asyncio.to_thread(
                live.begin, order, case.voice, asker=case.asker, now=clock.now, providers=registry.provider
            )
            async with aclosing(begun.chunks()) as chunks:
                await anext(chunks)
            whole.append(time.perf_counter() - began)
            await begun.give_up(None)

    with stages.timed():
        asyncio.run(play())
    found = {"the whole way": statistics.median(whole), **stages.medians()}
    return {name: 1000 * seconds for name, seconds in found.items()}


def paused(case: Case) -> float:
    """Pause the consent; gives the time at which that was committed."""
    consents.suspend(case.voice.consent_id, reason="check", **_whose(case))
    return time.perf_counter()


def resumed(case: Case) -> None:
    """Take it back."""
    consents.resume(case.voice.consent_id, **_whose(case))


def _whose(case: Case) -> dict[str, Any]:
    return {
        "organisation_id": case.voice.organisation_id, "livemode": False, "actor": "system:bench", "at": clock.now(),
    }  # fmt: skip

"""The case of the stream bench: a served voice, a suspended consent, and stages of a stream."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

from accounts import api_key_changes, api_scopes
from audio.encoding import Output
from audio.stream_encoder import Encoder
from bench.profiling import Named, Stages
from bench.speech_case import USE_CASE, Case
from bench.stream_server import ROUNDS, SENTENCE, Server, process
from config.demo.server import find_free_port
from consent import gate
from consent import services as consents
from core import clock
from engine import synthesizer
from provenance.clips import clip_reservation
from voices.providers import registry, voice_handles
from voices.speech.streaming import session
from voices.synthesis_requests import SpeechRequest
from watermark import StreamEmbedder

WHOLE: Final = "to the first bytes in this process, without HTTP and authentication"
ENGINE: Final = "engine, first sentence"
STAGES: Named = {
    "gate: decide, reserve, record, log": (gate, "check"),
    "intent and token": (clip_reservation, "reserve_clip"),
    "profile, from the vault": (voice_handles, "open_handle"),
    ENGINE: (synthesizer, "_synthesize_sentence"),
    "mark, first segment": (StreamEmbedder, "push"),
    "encode mp3": (Encoder, "push"),
    "confirm": (gate, "confirm"),
}


@contextmanager
def served(case: Case) -> Iterator[Server]:
    """Serve the case's voice while the block runs."""
    issued = api_key_changes.issue_key(
        organisation=case.voice.organisation,
        product="Bench",
        livemode=False,
        scopes_granted=api_scopes.ALL,
        actor="system:bench",
        at=clock.now(),
        calls_per_minute=100_000,
    )
    port = find_free_port()
    with process(port):
        yield Server(port=port, key=issued.secret, voice=case.voice.id)


def first_bytes(case: Case) -> dict[str, tuple[float, float]]:
    """Return the milliseconds to the first bytes and of each stage before them.

    Each is a pair of medians, of wall time and of processor time, without HTTP and authentication.
    """
    order = SpeechRequest(
        voice_id=case.voice.id,
        text=2 * SENTENCE,
        language="en",
        use_case=USE_CASE,
        output=Output(codec="mp3"),
    )
    stages, clocked, worked = Stages(STAGES), list[float](), list[float]()

    async def play() -> None:
        for _ in range(ROUNDS):
            stages.round()
            began, work = time.perf_counter(), time.process_time()
            begun = await asyncio.to_thread(
                session.begin_stream,
                order,
                case.voice,
                principal=case.principal,
                now=clock.now,
                providers=registry.get_provider,
            )
            async with aclosing(begun.chunks()) as chunks:
                await anext(chunks)

            clocked.append(time.perf_counter() - began)
            worked.append(time.process_time() - work)
            await begun.give_up(None)

    with stages.timed():
        asyncio.run(play())

    processor = stages.processor()
    found = {name: (spent, processor[name]) for name, spent in stages.medians().items()}
    found = {WHOLE: (statistics.median(clocked), statistics.median(worked)), **found}
    return {name: (1000 * spent, 1000 * work) for name, (spent, work) in found.items()}


def paused(case: Case) -> float:
    """Suspend the consent, and return the time of the commit."""
    consents.suspend_consent(case.voice.consent_id, reason="check", **_whose(case))
    return time.perf_counter()


def resumed(case: Case) -> None:
    """Resume the consent."""
    consents.resume_consent(case.voice.consent_id, **_whose(case))


def _whose(case: Case) -> dict[str, Any]:
    return {
        "organisation_id": case.voice.organisation_id, "livemode": False, "actor": "system:bench",
        "at": clock.now(),
    }  # fmt: skip

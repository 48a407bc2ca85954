"""What the bench of queries records: one call, one stream and one job's item, each the second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from django.test import Client
from django.test.utils import override_settings

from accounts import api_key_changes
from accounts.principal import Principal
from audio.encoding import Output
from bench.speech_case import USE_CASE, Case
from bench.statement_recorder import Statement, record_statements
from core import clock
from voices.models import JobKind, Voice
from voices.providers import registry
from voices.speech import dispatch, job_queue
from voices.speech.streaming import session
from voices.synthesis_requests import SpeechRequest

WARM: Final = "This first sentence warms the {} up."
COUNTED: Final = "This second sentence of the {} is counted."


def record_ways() -> dict[str, list[Statement]]:
    """Set a case up, and return the statements of the second time of each way to speak."""
    case = Case.make()
    issued = api_key_changes.issue_key(
        organisation=case.voice.organisation,
        product="bench",
        livemode=False,
        scopes_granted=["speech:write"],
        actor="system:bench",
        at=clock.now(),
    )
    principal = replace(case.principal, actor=f"key:{issued.key.id}")
    ways: dict[str, Callable[[str], Callable[[], None]]] = {
        "sync call": lambda text: partial(_call, case.voice, issued.secret, text),
        "stream": lambda text: partial(_stream, case.voice, principal, text),
        "item of a job": lambda text: _queue_job(case.voice, principal, text),
    }
    with override_settings(ALLOWED_HOSTS=["*"]):
        return {name: _record_second(name, prepare) for name, prepare in ways.items()}


def _record_second(name: str, prepare: Callable[[str], Callable[[], None]]) -> list[Statement]:
    prepare(WARM.format(name))()
    speak = prepare(COUNTED.format(name))
    with record_statements() as statements:
        speak()
    return statements


def _call(voice: Voice, secret: str, text: str) -> None:
    answer = Client().post(
        "/v1/speech",
        {"voice": voice.id, "text": text, "language": "en", "use_case": USE_CASE},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    if answer.status_code != 200:
        raise SystemExit(f"no audio: {answer.status_code} {answer.content[:300]!r}")


def _stream(voice: Voice, principal: Principal, text: str) -> None:
    """Speak a stream to its end, without the call around it."""
    begun = session.begin_stream(
        _to_request(voice, text),
        voice,
        principal=principal,
        now=clock.now,
        providers=registry.get_provider,
    )

    async def play() -> None:
        async for chunk in begun.chunks():
            begun.note_sent(chunk)
        await begun.finish()

    asyncio.run(play())


def _queue_job(voice: Voice, principal: Principal, text: str) -> Callable[[], None]:
    """Queue a job of one text, and return what runs it."""
    job = dispatch.queue_job(
        [_to_request(voice, text)],
        kind=JobKind.SPEECH,
        principal=principal,
        at=clock.now(),
        wall_time=clock.now(),
    )
    return partial(job_queue.run_job_items, job.id, wall_clock=clock.now)


def _to_request(voice: Voice, text: str) -> SpeechRequest:
    return SpeechRequest(
        voice_id=voice.id,
        text=text,
        language="en",
        use_case=USE_CASE,
        output=Output(codec="mp3"),
    )

"""The case that the stream bench measures: the speech bench's voice behind a server, and a consent that pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts import scopes, services
from bench.speech_case import Case
from bench.stream import Server, process
from config.demo.server import free_port
from consent import services as consents
from core import clock


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

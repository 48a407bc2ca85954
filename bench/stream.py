"""Streamed speech on a real server: the first byte, fifty streams at once, and the cut.

What a stream adds is its time to the first byte, less the engine's time for its first second of
sound. That is measured in this process on the same sentence just before. The median of such pairs
is taken, so that a busy machine slows both equally. A suspension of the consent stands for a
withdrawal: it raises the same epoch, and the next round can resume it. The cut is timed from the
return of its commit to the end of the connection.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, IncompleteRead
from typing import Any, Final

import django

from bench.stream_server import ROUNDS, SENTENCE, Server
from bench.table import Row, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
CUTS: Final = 20
CROWD: Final = 50
ADDED_MS: Final = 50.0
CUT_MS: Final = 250.0


def rows() -> list[Row]:
    """Measure everything."""
    from bench.speech_case import Case  # noqa: PLC0415 - Django must be set up first
    from bench.stream_case import ENGINE, WHOLE, first_bytes, paused, resumed, served  # noqa: PLC0415 - as above

    load = os.getloadavg()[0]
    case = Case.make()

    # The first calls start the engine's child, calibrate and make keys, here and in the server.
    engine_ms(case)

    with served(case) as server:
        server.first_byte(SENTENCE)
        pairs = [(engine_ms(case), server.first_byte(2 * SENTENCE)) for _ in range(ROUNDS)]
        crowd = crowded(server)
        cuts = sorted(cut(server, lambda: paused(case), lambda: resumed(case)) for _ in range(CUTS))

    parts = first_bytes(case)
    own = statistics.median(engine for engine, _ in pairs)
    alone = sorted(took for _, took in pairs)
    added = statistics.median(took - engine for engine, took in pairs)
    return [
        Row(
            name="engine, first sentence (4.8 s of sound), in this process",
            measured=f"{own:.0f} ms",
        ),
        Row(
            name="stream, time to first byte, alone",
            measured=f"p50 {_at(alone, 50):.0f} ms, p95 {_at(alone, 95):.0f} ms",
        ),
        Row(
            name="added by the stream",
            measured=f"{added:.0f} ms",
            wanted=f"at most {ADDED_MS:.0f} ms",
            met=added <= ADDED_MS,
        ),
        Row(
            name=f"time to first byte, {CROWD} begun together on one process",
            measured=f"p50 {_at(crowd, 50):.0f} ms, p95 {_at(crowd, 95):.0f} ms",
            wanted="all whole",
            met=len(crowd) == CROWD,
        ),
        Row(
            name="from the commit of a revocation to the cut",
            measured=(
                f"p50 {_at(cuts, 50):.0f} ms, p95 {_at(cuts, 95):.0f} ms, most {cuts[-1]:.0f} ms"
            ),
            wanted=f"p95 at most {CUT_MS:.0f} ms",
            met=_at(cuts, 95) <= CUT_MS,
        ),
        Row(
            name="added by the stream, of processor time, without HTTP and authentication",
            measured=f"{parts[WHOLE][1] - parts[ENGINE][1]:.0f} ms",
        ),
        *(
            Row(name=f"- {name}", measured=f"{spent:.1f} ms, {work:.1f} ms of processor time")
            for name, (spent, work) in parts.items()
        ),
        Row(
            name="load of the machine, before and after",
            measured=f"{load:.1f}, {os.getloadavg()[0]:.1f}",
        ),
    ]


def engine_ms(case: Any) -> float:
    """Return the milliseconds of the engine alone for the first sentence, of over a second."""
    from voices.providers import voice_handles  # noqa: PLC0415 - Django must be set up first
    from voices.providers.base import SpeechLine  # noqa: PLC0415 - as above
    from voices.providers.local.adapter import Local  # noqa: PLC0415 - as above

    handle, line = (
        voice_handles.open_handle(case.voice),
        SpeechLine(text=2 * SENTENCE, language="en"),
    )
    began = time.perf_counter()
    assert next(Local().stream(handle, line)).sound.seconds > 1
    return 1000 * (time.perf_counter() - began)


def crowded(server: Server) -> list[float]:
    """Return the times to the first byte of streams that begin together and arrive whole."""
    ready = threading.Barrier(CROWD)

    def one(_number: int) -> float:
        ready.wait()
        return server.first_byte(3 * SENTENCE)

    with ThreadPoolExecutor(CROWD) as pool:
        return sorted(pool.map(one, range(CROWD)))


def cut(server: Server, pause: Callable[[], float], resume: Callable[[], None]) -> float:
    """Return the milliseconds from the commit that ended the permit to the connection's end."""
    connection, response, _ = server.ask(50 * SENTENCE)
    ended: list[float] = []

    def listen() -> None:
        try:
            response.read()
        except (IncompleteRead, OSError, HTTPException):
            ended.append(time.perf_counter())

    listening = threading.Thread(target=listen)
    listening.start()
    time.sleep(0.2)
    committed = pause()
    listening.join()
    connection.close()
    resume()
    assert ended, "the stream ended before it could be cut"
    return max(0.0, 1000 * (ended[0] - committed))


def _at(times: list[float], percent: int) -> float:
    return times[min(len(times) - 1, round(percent / 100 * len(times)))]


if __name__ == "__main__":
    django.setup()
    found = rows()
    print(show(found))
    sys.exit(0 if all(row.met is not False for row in found) else 1)

"""The watch over the consents behind all running streams: a question every 50 ms, answered by the
rows alone.

By level and not by edge: nothing that could be lost wakes it, and an answer that does not come
counts as a no.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from weakref import WeakKeyDictionary

from django.db import DatabaseError, close_old_connections

from consent import gate
from core.clock import Clock
from core.errors import SaysoError, Unavailable

logger = logging.getLogger(__name__)
EVERY_SECONDS: Final = 0.05
STALE_SECONDS: Final = 0.15
"""Nothing is sent on the strength of a look older than this."""
ROUNDS: Final = 2
"""Keys are asked for in one of so many rounds, voices and quotas in another: a crowd would wait for
all questions in each round.
"""
_looking: Final = ThreadPoolExecutor(1, "sayso-stream-watch")


class MonitoredPermit:
    """A stream's permit under observation. `at` returns the time of its data.

    `milliseconds` is how much sound is about to have left.
    """

    def __init__(self, permit: gate.Permit, at: Clock) -> None:
        self.permit = permit
        self.at = at
        self.milliseconds = 0
        self.ended: asyncio.Future[SaysoError] = asyncio.get_running_loop().create_future()
        self._seen = asyncio.get_running_loop().time()
        self._looked = asyncio.Event()

    async def fresh(self) -> None:
        """Block until the permit was checked recently enough.

        It never returns once the permit has ended, so nothing more is sent.
        """
        while asyncio.get_running_loop().time() - self._seen > STALE_SECONDS or self.ended.done():
            self._looked.clear()
            await self._looked.wait()

    def note(self, seen: float, end: SaysoError | None) -> None:
        """Note the result of a check that began at `seen`."""
        if end is not None and not self.ended.done():
            self.ended.set_result(end)
        if not self.ended.done():
            self._seen = seen
            self._looked.set()


class PermitMonitor:
    """Checks all running permits together, again and again, while there are any. Used in one event
    loop.
    """

    def __init__(self) -> None:
        self._watched: set[MonitoredPermit] = set()
        self._round: asyncio.Task[None] | None = None

    def add(self, watched: MonitoredPermit) -> None:
        """Begin to check a permit."""
        self._watched.add(watched)
        if self._round is None or self._round.done():
            self._round = asyncio.get_running_loop().create_task(self._look_around())

    def remove(self, watched: MonitoredPermit) -> None:
        """Stop checking a permit."""
        self._watched.discard(watched)

    async def _look_around(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            for number in itertools.count():
                if not self._watched:
                    break
                began = loop.time()
                mine = tuple(self._watched)
                found = await loop.run_in_executor(
                    _looking, _find_ended_permits, mine, number % ROUNDS
                )
                for watched in mine:
                    watched.note(began, found.get(watched.permit.decision_id))
                await asyncio.sleep(max(0.0, EVERY_SECONDS - (loop.time() - began)))
        finally:
            _looking.submit(close_old_connections)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, PermitMonitor] = WeakKeyDictionary()


def get_permit_monitor() -> PermitMonitor:
    """Return the monitor of the running event loop."""
    return _watches.setdefault(asyncio.get_running_loop(), PermitMonitor())


def _find_ended_permits(
    watched_permits: tuple[MonitoredPermit, ...], turn: int
) -> dict[str, SaysoError]:
    """Return what has ended, by decision. All of it counts as ended when the database cannot be
    asked.

    `turn` says what this round asks for. The connection is kept from round to round: in a crowd it
    would queue behind every stream that begins.
    """
    try:
        running = [(watched.permit, watched.at()) for watched in watched_permits]
        is_second = turn == ROUNDS // 2
        ended = gate.find_ended_permits(running, ask_keys=turn == 0, ask_voices=is_second)
        if is_second:
            spoken = [(watched.permit, watched.milliseconds) for watched in watched_permits]
            ended = gate.find_spent_quotas(spoken) | ended
        return dict(ended)
    except (DatabaseError, OSError):
        logger.exception("running streams cannot be watched, all are cut")
        close_old_connections()
        doubt = Unavailable("Whether the permission still holds cannot be seen.", retry_after=5)
        return {watched.permit.decision_id: doubt for watched in watched_permits}

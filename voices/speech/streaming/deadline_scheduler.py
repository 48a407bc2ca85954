"""Threads that streams borrow for one step at a time, the earliest deadline first.

A thread for each stream would serve as many streams as there are threads. A step (a sentence, two
seconds of marking) takes a tenth of a second, and between steps a stream holds nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections

Result = TypeVar("Result")
THREADS: Final = max(2, os.cpu_count() or 1)
_making: Final = ThreadPoolExecutor(THREADS, "sayso-stream")
SETTLING: Final = 4
_settling: Final = ThreadPoolExecutor(SETTLING, "sayso-stream-rows")


class DeadlineScheduler:
    """Assigns the worker threads to streams, the one that falls silent soonest first.

    Used in one event loop.
    """

    def __init__(self) -> None:
        self._free = THREADS
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    async def run(self, need: float, step: Callable[[], Result]) -> Result:
        """Carry a step out when its turn comes.

        A step that is cancelled while it runs ends first, and the cancellation is raised then.
        """
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = loop.create_future()
            heapq.heappush(self._waiting, (need, next(self._numbers), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()
                raise
        work = _making.submit(_with_connection, step)
        work.add_done_callback(lambda _done: _call_in_loop(loop, self._pass_on))
        return await _wait_for_thread(work)

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, DeadlineScheduler] = WeakKeyDictionary()


def get_scheduler() -> DeadlineScheduler:
    """Return the scheduler of the running event loop."""
    return _turns.setdefault(asyncio.get_running_loop(), DeadlineScheduler())


async def run_with_rows(work: Callable[[], Result]) -> Result:
    """Read or write rows in a thread that keeps no connection afterwards.

    The work is a short call that never waits. When it is cancelled it ends first, and the
    cancellation is raised then.
    """
    return await _wait_for_thread(_settling.submit(_with_connection, work))


async def _wait_for_thread(work: Future[Result]) -> Result:
    """Await the thread's result.

    A running thread cannot be cancelled, and the next step must not meet it at work. So on
    cancellation this waits until it has finished, then raises.
    """
    result = asyncio.wrap_future(work)
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        await asyncio.wait({result})
        raise


def _with_connection(work: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


def _call_in_loop(loop: asyncio.AbstractEventLoop, back: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(back)

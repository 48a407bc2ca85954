"""Turns on the making threads: by need, passed on whatever becomes of those who wait, never more
than there are.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from voices.speech.streaming.deadline_scheduler import THREADS, DeadlineScheduler


def played(play: Callable[[DeadlineScheduler], object]) -> None:
    """Run it in a loop of its own."""

    async def act() -> None:
        # A coroutine.
        await asyncio.wait_for(play(DeadlineScheduler()), 30)  # type: ignore[arg-type]

    asyncio.run(act())


async def kept_busy(turns: DeadlineScheduler, go: threading.Event) -> list[asyncio.Task[bool]]:
    """All threads at work until `go`."""
    busy = [asyncio.create_task(turns.run(0.0, lambda: go.wait(20))) for _ in range(THREADS)]
    await asyncio.sleep(0.05)
    return busy


class TestTurns:
    def test_go_to_anyone_who_falls_silent_first(self) -> None:
        order: list[float] = []
        go, hold = threading.Event(), threading.Event()

        async def play(turns: DeadlineScheduler) -> None:
            busy = await kept_busy(turns, go)
            # All threads but one stay busy behind them, so that the others go one after the other.
            more = [
                asyncio.ensure_future(turns.run(-1.0, lambda: hold.wait(20)))
                for _ in range(THREADS - 1)
            ]
            needs = (3.0, 1.0, 2.0)
            waiting = [
                asyncio.ensure_future(turns.run(need, partial(order.append, need)))
                for need in needs
            ]
            await asyncio.sleep(0.05)
            go.set()
            await asyncio.gather(*waiting)
            hold.set()
            await asyncio.gather(*busy, *more)

        played(play)
        assert order == [1.0, 2.0, 3.0]

    def test_are_passed_on_by_one_who_leaves_the_line(self) -> None:
        go = threading.Event()

        async def play(turns: DeadlineScheduler) -> None:
            busy = await kept_busy(turns, go)
            leaving = asyncio.ensure_future(turns.run(1.0, lambda: pytest.fail("it had left")))
            staying = asyncio.ensure_future(turns.run(2.0, lambda: "here"))
            await asyncio.sleep(0.05)
            leaving.cancel()
            go.set()
            assert await staying == "here"
            await asyncio.gather(*busy)

        played(play)

    def test_are_given_back_by_a_step_that_fails(self) -> None:
        async def play(turns: DeadlineScheduler) -> None:
            for _ in range(2 * THREADS):
                with pytest.raises(ZeroDivisionError):
                    await turns.run(0.0, lambda: 1 // 0)

        played(play)

    def test_end_before_anyone_who_was_cancelled_goes_on(self) -> None:
        """What comes next must not meet the step at work."""
        began, go, over = threading.Event(), threading.Event(), threading.Event()

        def step() -> None:
            began.set()
            go.wait(20)
            over.set()

        async def play(turns: DeadlineScheduler) -> None:
            task = asyncio.ensure_future(turns.run(0.0, step))
            await asyncio.to_thread(began.wait, 20)
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
            go.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert over.is_set()

        played(play)

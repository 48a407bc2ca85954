"""The one thread of a process that carries the event loop of threads and workers.

It begins with the first request, and anew in a child process after a fork.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from upstream.upstream_errors import ExchangeEnded
from upstream.upstream_sessions import close_sessions

T = TypeVar("T")
logger: Final = logging.getLogger(__name__)
_STOP_SECONDS: Final = 2.0


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.process_id = os.getpid()
        self._loop = asyncio.SelectorEventLoop()
        self._loop.set_exception_handler(_log_without_context)
        self._thread = threading.Thread(target=self._serve, name="sayso-upstream", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop and return its result. The calling thread waits for it.

        A thread that is interrupted meanwhile ends the work.
        """
        if self.process_id != os.getpid() or threading.current_thread() is self._thread:
            work.close()
            raise ExchangeEnded("The connection to the provider belongs to another process.")

        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise ExchangeEnded("This process is being stopped.") from None
        except BaseException:
            future.cancel()
            raise

    def call_soon(self, do: Callable[[], object]) -> None:
        """Call `do` in the loop, soon. In a child process, and after the end, nothing happens."""
        if self.process_id == os.getpid():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(do)

    def stop(self) -> None:
        """End all work, close all connections and end the thread."""
        self.call_soon(lambda: self._loop.create_task(self._end()))
        self._thread.join(_STOP_SECONDS)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

        await close_sessions()
        self._loop.stop()


@dataclass
class _Process:
    """The thread of this process."""

    thread: LoopThread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_process: Final = _Process()


def get_loop_thread() -> LoopThread:
    """Return the thread of this process. The first call starts it."""
    with _process.lock:
        if _process.thread is None:
            _process.thread = LoopThread()
        return _process.thread


def stop_loop_thread() -> None:
    """End the thread, if there is one. A later request starts another."""
    with _process.lock:
        thread, _process.thread = _process.thread, None
    if thread is not None:
        thread.stop()


def _forget_parent() -> None:
    _process.lock = threading.Lock()
    _process.thread = None


def _log_without_context(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001 - asyncio's signature
    # What asyncio would print holds addresses and headers.
    error = context.get("exception")
    logger.error("upstream loop", extra={"kind": type(error).__name__})


os.register_at_fork(after_in_child=_forget_parent)
atexit.register(stop_loop_thread)

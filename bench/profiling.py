"""Times of named functions, which are wrapped while a block runs, summed for each round.

Processor time is that of the calling thread, which a busy machine changes less than wall time.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

# The owner of the function and its name there, by the name of the stage.
Named = dict[str, tuple[ModuleType | object, str]]


class Stages:
    """Times of named stages over many rounds, in seconds. Safe for threads."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._rounds: list[defaultdict[str, float]] = []
        self._processor: list[defaultdict[str, float]] = []
        self._lock = threading.Lock()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the stages while the block runs."""
        originals = {
            name: getattr(owner, attribute) for name, (owner, attribute) in self._named.items()
        }
        for name, (owner, attribute) in self._named.items():
            setattr(owner, attribute, self._watched(name, originals[name]))

        try:
            yield
        finally:
            for name, (owner, attribute) in self._named.items():
                setattr(owner, attribute, originals[name])

    def round(self) -> None:
        """Begin the next round."""
        self._rounds.append(defaultdict(float))
        self._processor.append(defaultdict(float))

    def medians(self) -> dict[str, float]:
        """Return the median of each stage over all rounds, in seconds."""
        return {
            name: statistics.median(each[name] for each in self._rounds) for name in self._named
        }

    def processor(self) -> dict[str, float]:
        """Return the same in processor time."""
        return {
            name: statistics.median(each[name] for each in self._processor) for name in self._named
        }

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began, worked = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self._rounds[-1][name] += time.perf_counter() - began
                    self._processor[-1][name] += time.thread_time() - worked

        return call

"""Threads that act at the same moment, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_once(count: int, do: Callable[[int], Result]) -> list[Result]:
    """Call `do(0)` … `do(count - 1)` at the same moment, and return the results.

    Raises what one of the calls raised.
    """
    start = threading.Barrier(count)

    def run(number: int) -> Result:
        start.wait(timeout=30)
        try:
            return do(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))

"""Several threads that do one thing at the same moment, each with a database connection of its
own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_once(count: int, do: Callable[[int], Result]) -> list[Result]:
    """Call `do(0)` … `do(count - 1)` together, after all threads have met; give the results.

    Raises what one raised.
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

"""Places of calls that wait for the same call that came before: so many for each organisation.

Who waits holds a thread, and looks into the database again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core.connection_places import ConnectionPlaces

MOST_WAITING: Final = 8
"""Calls of one organisation that wait at a time, in each process."""
WAITING_PLACES: Final = ConnectionPlaces()


@contextmanager
def hold_waiting_place(organisation_id: str, *, seconds: float) -> Iterator[float]:
    """Hold a place while the block runs, and yield how many seconds it may wait: none without a
    place.
    """
    if not WAITING_PLACES.try_taking(organisation_id, most=MOST_WAITING):
        yield 0.0
        return

    try:
        yield seconds
    finally:
        WAITING_PLACES.free(organisation_id)

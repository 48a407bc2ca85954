"""How many streams one process carries at a time, and how many it begins at a time.

With more than it can carry all would stutter, so the next one is told to come again. Of those that
come together a few are begun at once and the others wait: begun all at once, each would wait for
all.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import close_old_connections

from core.errors import Unavailable
from voices.speech.streaming.deadline_scheduler import THREADS


class StreamsBusy(Unavailable):
    """This process carries as many streams as it can, and nothing was decided. Try again in a
    moment.
    """

    code = "streams_busy"


class StreamSlots:
    """A fixed number of slots, of which one organisation gets three quarters at most.

    A client may read as slowly as it likes, so without that share one organisation could hold them
    all. Safe for threads.
    """

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def in_use(self) -> int:
        """The number of slots that are taken."""
        return self._taken.total()

    def take(self, organisation_id: str) -> None:
        """Take a slot. Raises StreamsBusy."""
        most = settings.SAYSO_MAX_STREAMS
        with self._lock:
            if self._taken.total() >= most:
                raise StreamsBusy("This server carries as many streams as it can.", retry_after=1)
            if self._taken[organisation_id] >= compute_share(most):
                raise StreamsBusy(
                    "Your organisation has as many streams here as it may.", retry_after=1
                )
            self._taken[organisation_id] += 1

    def free(self, organisation_id: str) -> None:
        """Free a slot of the organisation."""
        with self._lock:
            self._taken[organisation_id] -= 1
            self._taken += Counter()  # forgets those that hold none


def compute_share(places: int) -> int:
    """Return how many of these places one organisation may hold: three quarters, and always one."""
    return places - places // 4


class StartGate:
    """Lets `width` callers in at a time, about in the order in which they came.

    Safe for threads.
    """

    def __init__(self, width: int) -> None:
        self._width, self._inside = width, 0
        self._changed = threading.Condition()

    @property
    def inside(self) -> int:
        """The number of callers that are inside."""
        return self._inside

    def acquire(self) -> Callable[[], None]:
        """Wait for a place, and return the function that gives it up. It may be called more than
        once.

        No database connection is held meanwhile.
        """
        if self._inside >= self._width:
            # others need one from the pool: those who are inside, and whatever else goes on
            close_old_connections()
        with self._changed:
            self._changed.wait_for(lambda: self._inside < self._width)
            self._inside += 1
        stays = [True]

        def leave() -> None:
            with self._changed:
                if stays:
                    stays.clear()
                    self._inside -= 1
                    self._changed.notify()

        return leave


STREAM_SLOTS: Final = StreamSlots()
# Twice as many as there are threads to make sound: a head waits for the database for a third of its
# time.
START_GATE: Final = StartGate(2 * THREADS)

"""How many streams one process carries at a time: more would all stutter, so the next one is told to come again."""

from __future__ import annotations

import threading
from typing import Final

from django.conf import settings

from core.errors import Unavailable


class StreamsBusy(Unavailable):
    """This process carries as many streams as it can; nothing was decided. Try again, or ask for a job."""

    code = "streams_busy"


class Places:
    """A fixed number of places. Safe for threads."""

    def __init__(self) -> None:
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken

    def take(self) -> None:
        """Take one. Raises StreamsBusy."""
        with self._lock:
            if self._taken >= settings.SAYSO_MAX_STREAMS:
                raise StreamsBusy("This server carries as many streams as it can.", retry_after=1)
            self._taken += 1

    def free(self) -> None:
        """Give one back."""
        with self._lock:
            self._taken -= 1


PLACES: Final = Places()

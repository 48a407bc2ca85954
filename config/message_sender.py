"""Sends wake-ups to the broker from a thread of its own, so that no caller waits for the broker.

A wake-up follows a commit, and may still hold a connection of the database. The rows are the truth:
what is lost here, because the broker is away, stopped or slow, is found by the sweeps.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

logger = logging.getLogger(__name__)
MOST_WAITING: Final = 10_000
_REST_SECONDS: Final = 1.0
_END_SECONDS: Final = 3.0

Send = Callable[[str, Mapping[str, Any], bool], None]


class MessageSender:
    """A queue of wake-ups, and the thread that sends them with `send`.

    The thread begins with the first wake-up, in the process that has it: a fork has its own. The
    same wake-up waits only once.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begin_afresh()
        os.register_at_fork(after_in_child=self._begin_afresh)
        atexit.register(self.flush)

    def _begin_afresh(self) -> None:
        self._waiting: dict[str, tuple[str, dict[str, Any], bool]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._in_hand = False

    def submit(self, name: str, ids: Mapping[str, Any], *, repeated: bool = False) -> None:
        """Queue a wake-up, or drop it when too many wait.

        A `repeated` one is sent again later, whatever becomes of this one.
        """
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                return

            key = json.dumps([name, ids], default=str)
            self._waiting.setdefault(key, (name, dict(ids), repeated))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="sayso-message-sender", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def flush(self, seconds: float = _END_SECONDS) -> bool:
        """Wait until all is sent, or so many seconds. Return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_hand, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                key = next(iter(self._waiting))
                name, ids, repeated = self._waiting.pop(key)
                self._in_hand = True

            sent = self._try_sending(name, ids, repeated=repeated)

            # Logged before the queue counts as empty: a caller of `flush` finds the line.
            if not sent:
                self._drop_waiting()

            with self._changed:
                self._in_hand = False
                self._changed.notify_all()

            if not sent:
                time.sleep(_REST_SECONDS)

    def _drop_waiting(self) -> None:
        with self._changed:
            lost = 1 + len(self._waiting)
            # Each of them would wait for the same broker, one after the other.
            self._waiting.clear()

        logger.warning("broker away, messages not sent", extra={"messages": lost})

    def _try_sending(self, name: str, ids: Mapping[str, Any], *, repeated: bool) -> bool:
        try:
            self._send(name, ids, repeated)
        except Exception:
            # The outermost frame of the thread, which must outlive any broker.
            logger.debug("message not sent", exc_info=True, extra={"task": name})
            return False

        return True

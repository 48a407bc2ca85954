"""Containment of faults: in a round over many rows, what goes wrong with one ends no round of the
others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core import transactions
from core.errors import SaysoError

logger = logging.getLogger(__name__)

QUIET_SECONDS: Final = 60.0
"""The same fault of the same row is logged once in so long a time."""
_MOST_KNOWN: Final = 1000

_logged_at: dict[tuple[object, ...], float] = {}


@contextmanager
def contain_fault(what: str, **facts: str) -> Iterator[None]:
    """Log any error of the block, and go on behind it. `facts` say which row it was."""
    try:
        yield
    except Exception as error:  # whatever it is, the others are not to blame
        code = error.stable_code if isinstance(error, SaysoError) else type(error).__name__
        if _may_log((what, code, *facts.values())):
            logger.exception(what, extra={**facts, "code": code})
        # A connection that broke would fail the next row too.
        transactions.release_connections()


def _may_log(fault: tuple[object, ...]) -> bool:
    now = time.monotonic()
    if now - _logged_at.get(fault, -QUIET_SECONDS) < QUIET_SECONDS:
        return False
    if len(_logged_at) >= _MOST_KNOWN:
        _logged_at.clear()
    _logged_at[fault] = now
    return True

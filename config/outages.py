"""What is down when a foreign error says so: the database, Redis, room on the disk."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from django.db import InterfaceError, InternalError, OperationalError
from redis import RedisError

from core.errors import Unavailable

# A limit of the process (EFBIG, RLIMIT_FSIZE) is as much of the operator's making as a quota.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_READ_ONLY: Final = "25006"  # a standby, while another server takes over
_DATABASE_WAIT: Final = 2
_DISK_WAIT: Final = 30


def explain_outage(error: BaseException | None) -> Unavailable | None:
    """Return what to tell a caller of an error that passes by itself, or None for another one."""
    match error:
        case OperationalError() | InterfaceError() | InternalError() if _is_outage(error):
            told = Unavailable("The database cannot be used just now.", retry_after=_DATABASE_WAIT)
        case RedisError():
            told = Unavailable(
                "A part of the service cannot be reached just now.", retry_after=_DATABASE_WAIT
            )
        case OSError() if error.errno in _FULL:
            told = Unavailable("There is no room to store this just now.", retry_after=_DISK_WAIT)
        case _:
            return None

    return told


def _is_outage(error: OperationalError | InterfaceError | InternalError) -> bool:
    cause = error.__cause__
    if isinstance(error, InternalError):
        return getattr(cause, "sqlstate", None) == _READ_ONLY

    # SQLite's plain "error" is a statement that is wrong, such as one with a table that is missing.
    return getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR

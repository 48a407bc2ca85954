"""The mark of an unfinished restore. Until it is removed, nothing is served.

Before that, erased people may be back in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from core import durable_files


class Unfinished(SystemExit):
    """Ends a process that would serve a half-restored service."""


def restore_mark_path() -> Path:
    """Return the path of the mark."""
    return Path(settings.SAYSO_DATA_DIR) / "restore.unfinished"


@contextmanager
def mark_unfinished_restore() -> Iterator[None]:
    """Set the mark while the block runs, and remove it if the block ended well.

    It is on the disk before anything is replaced.
    """
    durable_files.write_file(restore_mark_path(), b"")
    yield
    restore_mark_path().unlink()


def refuse_unfinished_restore() -> None:
    """Check that no restore is unfinished.

    Raises Unfinished.
    """
    if restore_mark_path().exists():
        raise Unfinished(
            "sayso: a restore was begun and not finished; run `manage.py restore FILE --replace` "
            "again"
        )

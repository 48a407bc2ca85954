"""The mark of a restore that is not finished: while it stands, nothing is served, for erased people
are still back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from vault import durable_files


class Unfinished(SystemExit):
    """Ends a process that would serve a half-restored service."""


def restore_mark_path() -> Path:
    """Where the mark lies."""
    return Path(settings.SAYSO_DATA_DIR) / "restore.unfinished"


@contextmanager
def mark_unfinished_restore() -> Iterator[None]:
    """Stand while the block runs, and after it unless it ended well; on disk before anything is
    replaced.
    """
    durable_files.write_file(restore_mark_path(), b"")
    yield
    restore_mark_path().unlink()


def refuse_unfinished_restore() -> None:
    """Raise Unfinished while a restore is not finished."""
    if restore_mark_path().exists():
        raise Unfinished(
            "sayso: a restore was begun and not finished; run `manage.py restore FILE --replace` "
            "again"
        )

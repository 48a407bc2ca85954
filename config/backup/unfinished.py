"""The mark of a restore that is not finished: while it stands, nothing is served, for erased people are still back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from vault import files


class Unfinished(SystemExit):
    """Ends a process that would serve a half-restored service."""


def mark() -> Path:
    """Where the mark lies."""
    return Path(settings.SAYSO_DATA_DIR) / "restore.unfinished"


@contextmanager
def marked() -> Iterator[None]:
    """Stand while the block runs, and after it unless it ended well; on disk before anything is replaced."""
    files.write(mark(), b"")
    yield
    mark().unlink()


def refuse() -> None:
    """Raise Unfinished while a restore is not finished."""
    if mark().exists():
        raise Unfinished("sayso: a restore was begun and not finished; run `manage.py restore FILE --replace` again")

"""Where the folders of the suite's steps are made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM: Final = 4 * 2**30
"""Bytes that must be free there."""


def choose_place() -> str | None:
    """Return where the steps' folders go: into memory where there is room, since every commit and
    every sealed file waits for its disk. None is the usual place.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return str(MEMORY) if shutil.disk_usage(MEMORY).free >= ROOM else None
    return None

"""What a serving process does for itself before its first request."""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import Final

from audio.sandbox import confinement
from core import memory

_PR_SET_DUMPABLE: Final = 4

logger = logging.getLogger(__name__)


def protect_process() -> None:
    """Close this process's memory to others, and say when foreign files cannot be confined.

    Have it give back the memory that large files took, too.
    """
    hide_memory()
    memory.bound_allocator()

    if not confinement.is_supported():
        logger.error("foreign files are read without confinement: the kernel has no seccomp")
    elif not confinement.is_folder_supported():
        logger.warning("texts in several scripts cannot be spoken: the kernel has no Landlock")


def hide_memory() -> None:
    """Refuse other processes of this user the memory, environment and core dump of this one.

    See PR_SET_DUMPABLE in prctl(2).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

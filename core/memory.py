"""The memory of this process: how the allocator of the C library keeps it, and gives it back.

Without this the process stays as large as its largest moment. See mallopt(3) and malloc_trim(3).
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import lru_cache
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

ARENAS: Final = 2
"""Heaps for all threads. By default there are eight for each processor, and each keeps its own."""
MAPPED_BYTES: Final = 2**24
"""A block of this size is mapped by itself, and returned when it is freed.

By default the limit begins at 128 KiB and grows with what is freed. A block that is mapped costs a
fault for each page: with 1 MiB here the engine took twice as long for a sentence.
"""

KEPT_BYTES: Final = 2**25
"""Free memory at the top of a heap above which it is returned at once.

The rest is returned by `return_freed_memory`, after work on large files.
"""


def bound_allocator() -> None:
    """Have the allocator keep few heaps, and return large blocks at once."""
    library = _load_library()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def return_freed_memory() -> None:
    """Return what is free in the heaps to the system. It takes a millisecond or two."""
    library = _load_library()
    if library is not None:
        library.malloc_trim(0)


@lru_cache(maxsize=1)
def _load_library() -> ctypes.CDLL | None:
    """Return the C library, or None where it has no such functions (musl, macOS)."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        # Asked for here, since a missing function is only noticed when it is looked up.
        _ = library.mallopt, library.malloc_trim
        return library

    return None

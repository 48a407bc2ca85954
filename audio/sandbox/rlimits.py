"""The start of a child program: `rlimits.py PROGRAM MEMORY CPU_SECONDS` sets limits and runs it.

The limits hold before any library is loaded and cannot be raised again: address space in bytes,
processor time in seconds, no byte written to a file, few open files, no core dump.
"""

from __future__ import annotations

import resource
import runpy
import sys


def _set_limits(*, memory: int, cpu_seconds: int) -> None:
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (least, least))


if __name__ == "__main__":
    _set_limits(memory=int(sys.argv[2]), cpu_seconds=int(sys.argv[3]))
    runpy.run_path(sys.argv[1], run_name="__main__")

"""A child program of ours, limited in time and output, and killed when it takes too long.

`rlimits.py` sets limits on memory, files and processor time before the child loads a library.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_LIMITED: Final = Path(__file__).with_name("rlimits.py")
# One BLAS thread: more would cost address space, which is limited.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def build_command(program: Path, *, memory: int = 2**30, cpu_seconds: int = 20) -> tuple[str, ...]:
    """Return the command of a program with `memory` bytes of address space and a limit of time.

    With -I, neither the current folder nor PYTHON* variables reach it.
    """
    return (sys.executable, "-I", str(_LIMITED), str(program), str(memory), str(cpu_seconds))


def run_child(command: Sequence[str], order: bytes, *, most_out: int, seconds: float = 30) -> bytes:
    """Feed `order` to one child and return at most `most_out` bytes of its output.

    The child is killed after `seconds`.

    Raises OSError when it could not be started.
    """
    # Our own program, and no word of the command comes from outside.
    child = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
    )
    timer = threading.Timer(seconds, child.kill)
    feeder = threading.Thread(target=_feed_order, args=(child, order), daemon=True)

    try:
        timer.start()
        feeder.start()
        assert child.stdout is not None  # noqa: S101  # stdout=PIPE above
        return child.stdout.read(most_out)
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        feeder.join()
        if child.stdout:
            child.stdout.close()


def _feed_order(child: subprocess.Popen[bytes], order: bytes) -> None:
    assert child.stdin is not None  # noqa: S101  # stdin=PIPE above

    # The child may refuse early and close its input. Its answer has the reason.
    with suppress(OSError):
        child.stdin.write(order)
    with suppress(OSError):
        child.stdin.close()

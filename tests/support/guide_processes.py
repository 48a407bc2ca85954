"""The processes of docs/operation.md, started word for word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support import processes
from tests.support.shell_blocks import read_blocks

GUIDE: Final = processes.ROOT / "docs" / "operation.md"


def read_guide_lines(program: str) -> list[str]:
    """Return the lines of the guide's list of processes that start `program`."""
    blocks = read_blocks(GUIDE.read_text(encoding="utf-8"), "sh")
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(f"{program} ")]


@contextmanager
def guide_process(
    line: str, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a line of the guide in a shell that becomes its program."""
    folder = Path(sys.executable).parent
    own = {**environment, "PATH": f"{folder}:{environment['PATH']}"}
    with processes.process(["sh", "-c", f"exec {line}"], own, log) as started:
        yield started

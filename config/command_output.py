"""What commands print: a reader who goes away changes nothing of what they do.

`manage.py verify_log | head -1` ends with the exit code of the verdict, and a command that watches
goes on watching.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def outlive_readers() -> None:
    """Let the outputs of this process take everything, also after the reader of a pipe has left.

    Other errors of an output, such as a full disk, are errors as before.
    """
    sys.stdout, sys.stderr = _rewrap_output(sys.stdout), _rewrap_output(sys.stderr)


class _PipeFile(io.FileIO):
    """An output that drops what no one reads any more."""

    def write(self, b: ReadableBuffer, /) -> int:
        """Write, or drop, and return how many bytes are done."""
        try:
            return super().write(b)
        except BrokenPipeError:
            return memoryview(b).nbytes


def _rewrap_output(stream: TextIO) -> TextIO:
    # An output that was closed before the start is None, and a test has one of its own.
    if not isinstance(stream, io.TextIOWrapper):
        return stream

    raw = _PipeFile(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )

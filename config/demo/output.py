"""Output of the demo: numbered steps with what happened and how long it took."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Narrator:
    """Writes one line for each step, and indented lines under it."""

    def __init__(self, out: TextIO, *, colour: bool) -> None:
        self._out = out
        self._bold, self._dim, self._plain = (
            ("\033[1m", "\033[2m", "\033[0m") if colour else ("", "", "")
        )
        self._steps = 0
        self._began = time.perf_counter()

    def title(self, text: str) -> None:
        """Print a heading."""
        self._out.write(f"\n{self._bold}{text}{self._plain}\n")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Print a step, with its time and its lines when the block ends."""
        self._steps += 1
        self._lines: list[str] = []
        self._out.write(f"{self._bold}{self._steps:>2}  {text}{self._plain}")
        self._out.flush()
        began = time.perf_counter()

        try:
            yield
        finally:
            self._out.write(f"  {self._dim}{time.perf_counter() - began:.2f} s{self._plain}\n")
            self._out.writelines(self._lines)
            self._out.flush()

    def say(self, text: str) -> None:
        """Print a line under the present step, when the step ends."""
        wrapped = textwrap.wrap(
            text, 108, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
        )
        self._lines += [f"{line}\n" for line in wrapped]

    def end(self, text: str) -> None:
        """Print the last line with the time of the whole run."""
        self._out.write(
            f"\n{text}  {self._dim}{time.perf_counter() - self._began:.1f} s in all{self._plain}\n"
        )

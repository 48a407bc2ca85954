"""The report: the result of each check (ok, refused, not checked), one line a check."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


class UnreadableBundle(Exception):
    """The input is no bundle that can be examined."""


class Refusal(Exception):
    """A failed check, with what was found."""


class Skipped(Exception):
    """A check that could not be made, with the reason. It never counts as passed."""


# Result, check, detail.
Line = tuple[str, str, str]


class CheckReport:
    """The checks in their order with their results. Every line is printed at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.lines: list[Line] = []
        self._say = say

    def check(self, name: str, work: Callable[[], str]) -> bool:
        """Make one check and add its line. Return False if it was refused.

        Any error in it is a refusal and never a traceback.

        Raises MemoryError.
        """
        try:
            self.add("ok", name, work())
        except Skipped as skipped:
            self.add("not checked", name, str(skipped))
        except Refusal as refusal:
            self.add("REFUSED", name, str(refusal))
        # The machine was too small, which says nothing about the bundle.
        except MemoryError:
            raise
        except KeyError as error:
            self.add("REFUSED", name, f"cannot be read: {error} is missing")
        except Exception as error:  # noqa: BLE001 - a hostile bundle can raise anything
            self.add("REFUSED", name, f"cannot be read: {type(error).__name__}: {error}")

        return self.lines[-1][0] != "REFUSED"

    def add(self, result: str, name: str, detail: str) -> None:
        """Add a line."""
        self.lines.append((result, name, detail))
        self._say(f"{result} {name}: {detail}")

    def rows(self) -> list[dict[str, str]]:
        """Return the lines for --json."""
        return [
            {"check": name, "result": result, "detail": detail}
            for result, name, detail in self.lines
        ]

    def has_passed(self, name: str) -> bool:
        """Return True if this check was made and passed."""
        return any(line[:2] == ("ok", name) for line in self.lines)

    def get_detail(self, name: str) -> str:
        """Return the detail of a check, in words."""
        return next(detail for _, check, detail in self.lines if check == name)

    def has_refusals(self) -> bool:
        """Return True if any check failed."""
        return any(line[0] == "REFUSED" for line in self.lines)


def print_nothing(_text: str) -> None:
    """Print nothing. With --json everything is printed at the end, as one JSON object."""


def print_line(text: str) -> None:
    """Print a line at once.

    The text of a hostile bundle is escaped, so that it cannot imitate an `ok` on the terminal.
    """
    write_output(sys.stdout, escape_text(text) + "\n")


def write_output(stream: TextIO | None, text: str) -> None:
    """Write to an output. If it is closed, the checks go on: their result does not depend on it."""
    if stream is None:
        return

    try:
        stream.write(text)
        stream.flush()
    # A closed pipe, among others. The rest of the buffer must not fail again at the end.
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def escape_text(text: str) -> str:
    """Return the text with everything escaped that is not plain ASCII."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii")

    return "".join(character if " " <= character <= "~" else "?" for character in plain)

"""What a check comes to: ok, refused, or not made; and how that is said, one line a check."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


class UnreadableBundle(Exception):
    """This is not a bundle that can be examined at all."""


class Refusal(Exception):
    """A check that failed, with what was found."""


class Skipped(Exception):
    """A check that could not be made here, with the reason. Never counts as passed."""


Line = tuple[str, str, str]  # result, check, detail


class CheckReport:
    """What was checked, in order, and what came out; every line is said as soon as it is known."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.lines: list[Line] = []
        self._say = say

    def check(self, name: str, work: Callable[[], str]) -> bool:
        """Make one check and write its line; whatever goes wrong in it is a refusal, never a
        traceback.
        """
        try:
            self.add("ok", name, work())
        except Skipped as skipped:
            self.add("not checked", name, str(skipped))
        except Refusal as refusal:
            self.add("REFUSED", name, str(refusal))
        except Exception as error:  # noqa: BLE001 - a hostile bundle can raise anything; all of it means refused
            self.add("REFUSED", name, f"cannot be read: {type(error).__name__}: {error}")
        return self.lines[-1][0] != "REFUSED"

    def add(self, result: str, name: str, detail: str) -> None:
        """Write a line."""
        self.lines.append((result, name, detail))
        self._say(f"{result} {name}: {detail}")

    def rows(self) -> list[dict[str, str]]:
        """Give the lines for --json."""
        return [
            {"check": name, "result": result, "detail": detail}
            for result, name, detail in self.lines
        ]

    def has_passed(self, name: str) -> bool:
        """Say whether this check was made and passed."""
        return any(line[:2] == ("ok", name) for line in self.lines)

    def detail_of(self, name: str) -> str:
        """Give what a check came to, in words."""
        return next(detail for _, check, detail in self.lines if check == name)

    def has_refusals(self) -> bool:
        """Say whether any check failed."""
        return any(line[0] == "REFUSED" for line in self.lines)


def print_nothing(_text: str) -> None:
    """Say nothing now: everything comes at the end, as one JSON object."""


def print_line(text: str) -> None:
    """Print a line at once.

    What a hostile bundle says is escaped, so that it cannot paint an `ok` on the terminal.
    """
    write_output(sys.stdout, escape_text(text) + "\n")


def write_output(stream: TextIO | None, text: str) -> None:
    """Write to an output.

    When nobody reads it any more the checks go on: what comes out does not depend on that.
    """
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (
        OSError
    ):  # a closed pipe among them; what waits in the buffer must not fail once more at the end
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def escape_text(text: str) -> str:
    """Escape everything that is not plain ASCII."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(character if " " <= character <= "~" else "?" for character in plain)

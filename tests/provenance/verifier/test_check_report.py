"""The report says in words what a hostile bundle raised."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provenance.verifier.check_report import CheckReport, Refusal, Skipped


def _raise(error: Exception) -> Callable[[], str]:
    def work() -> str:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("kid"), ("REFUSED", "entries", "cannot be read: 'kid' is missing")),
        (ValueError("no"), ("REFUSED", "entries", "cannot be read: ValueError: no")),
        (Refusal("changed"), ("REFUSED", "entries", "changed")),
        (Skipped("no key"), ("not checked", "entries", "no key")),
    ],
)
def test_an_error_is_a_line_and_never_a_traceback(
    error: Exception, line: tuple[str, str, str]
) -> None:
    said: list[str] = []
    report = CheckReport(said.append)

    good = report.check("entries", _raise(error))

    assert report.lines == [line]
    assert good == (line[0] != "REFUSED")
    assert said == [f"{line[0]} {line[1]}: {line[2]}"]

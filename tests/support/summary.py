"""A pytest plugin that writes down how a step ended, for the closing list of `tests/suite.py`."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

SLOWEST: Final = 10
"""How many of the slowest tests are listed."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write counts and the reason of every skip."""
    # Under xdist only the controller calls this.
    stats = terminalreporter.stats
    skips = [f"{report.nodeid}: {_reason_of(report)}" for report in stats.get("skipped", [])]
    spent: dict[str, float] = defaultdict(float)
    for report in (each for reports in stats.values() for each in reports):
        if isinstance(report, pytest.TestReport):
            spent[report.nodeid] += report.duration

    tally = {
        "passed": len(stats.get("passed", [])) + len(stats.get("xfailed", [])),
        "failed": len(stats.get("failed", [])) + len(stats.get("error", [])),
        "skips": skips,
        "slowest": sorted(spent.items(), key=lambda one: -one[1])[:SLOWEST],
    }
    Path(os.environ["SAYSO_TALLY"]).write_text(json.dumps(tally), encoding="utf-8")


def _reason_of(report: pytest.TestReport) -> object:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr

"""A pytest plugin that writes down how a step ended, for the closing list of `tests/suite.py`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write counts and the reason of every skip; under xdist only the controller gets here."""
    stats = terminalreporter.stats
    skips = [
        f"{report.nodeid}: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}"
        for report in stats.get("skipped", [])
    ]
    tally = {
        "passed": len(stats.get("passed", [])) + len(stats.get("xfailed", [])),
        "failed": len(stats.get("failed", [])) + len(stats.get("error", [])),
        "skips": skips,
    }
    Path(os.environ["SAYSO_TALLY"]).write_text(json.dumps(tally), encoding="utf-8")

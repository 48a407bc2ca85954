"""`python -m tests.suite`: every test on every database there is, and at the end a list of what was
not run and why.

`--only sqlite|postgres|redis|browser` runs a part; other words are handed to pytest (`-k gate`,
`-x`, `tests/vault`). With CI=true a skipped test or a missing server is a failure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.support import servers
from tests.support.summary import SLOWEST

NOTHING_COLLECTED: Final = 5  # pytest's exit code
OURS: Final = (
    "DATABASE_URL",
    "REDIS_URL",
    "SAYSO_DATA_DIR",
    "SAYSO_MASTER_KEY",
    "SAYSO_SECRET_KEY",
)
# Else every process of every step would rewrite the assertions of all tests again.
SLOW: Final = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of pytest: which tests, with which servers, in how many processes."""

    name: str
    marks: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    processes: int = 0


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came out, over all steps."""

    passed: int = 0
    failed: int = 0
    skips: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def line(self) -> str:
        """The last line, in the form that machines look for."""
        return f"{self.passed} passed, {self.failed} failed, {len(self.skips)} skipped"

    def good(self, *, strict: bool) -> bool:
        """Whether the run as a whole succeeded; `strict` also wants it complete."""
        complete = not self.skips and not self.not_run
        return not self.failed and self.passed > 0 and (complete or not strict)


def main(words: Sequence[str]) -> int:
    """Run the steps and print the closing list; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.suite")
    parser.add_argument("--only", choices=("sqlite", "postgres", "redis", "browser"))
    chosen, rest = parser.parse_known_args(words)
    strict = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
    # A stopped run unwinds like any other: the step in hand and the servers end with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    tally, began = Tally(), time.monotonic()
    with contextlib.ExitStack() as stack:
        for step in _plan(chosen.only, stack, tally):
            _run(step, rest, tally)
    _close(tally, seconds=time.monotonic() - began, strict=strict)
    return 0 if tally.good(strict=strict) else 1


def _plan(only: str | None, stack: contextlib.ExitStack, tally: Tally) -> Iterator[Step]:
    """Lay out the steps, finding the servers that they need on the way."""
    wants = {only} if only else {"sqlite", "postgres", "redis", "browser"}
    if "sqlite" in wants:
        yield from _with_loners(
            Step(name="SQLite", marks="not postgres and not redis and not browser")
        )
    if wants & {"postgres", "redis"}:
        yield from _with_servers(wants, stack, tally)
    if "browser" in wants:
        if browser := servers.chromium():
            environment = {"CHROMIUM": browser, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
            yield Step(name="Chromium", marks="browser", environment=environment)
        else:
            tally.not_run.append("browser tests: no Chromium found (apt-get install chromium)")


def _with_servers(wants: set[str], stack: contextlib.ExitStack, tally: Tally) -> Iterator[Step]:
    """The steps on PostgreSQL and Redis.

    Without PostgreSQL the tests with Redis still run, on SQLite.
    """
    database: dict[str, str] = {}
    if postgresql := stack.enter_context(servers.postgresql()):
        _say(f"PostgreSQL: {postgresql.source}")
        database = {"DATABASE_URL": postgresql.url, "SAYSO_DEVELOPMENT": "yes"}
    else:
        tally.not_run.append("everything on PostgreSQL: none found (apt-get install postgresql)")
    if "postgres" in wants and database:
        marks, options = "not redis and not browser", ("--database-tests-only",)
        yield from _with_loners(
            Step(name="PostgreSQL", marks=marks, environment=database, options=options)
        )
    if "redis" in wants:
        if redis := stack.enter_context(servers.redis()):
            _say(f"Redis: {redis.source}")
            yield Step(
                name="Redis and Celery",
                marks="redis",
                environment={**database, "REDIS_URL": redis.url},
            )
        else:
            tally.not_run.append(
                "tests with Redis and Celery: none found (apt-get install redis-server)"
            )


def _with_loners(step: Step) -> Iterator[Step]:
    """Split a step in two: most tests share the processors, those marked `alone` get the machine to
    themselves.
    """
    yield replace(step, marks=f"({step.marks}) and not alone", processes=2)
    yield replace(step, name=f"{step.name}, one at a time", marks=f"({step.marks}) and alone")


def _run(step: Step, rest: Sequence[str], tally: Tally) -> None:
    """Run one step in a data folder of its own and add up what came out."""
    _say(f"--- {step.name} ---")
    with tempfile.TemporaryDirectory(prefix="sayso-tests-", ignore_cleanup_errors=True) as name:
        written = Path(name) / "tally.json"
        environment = {key: value for key, value in os.environ.items() if key not in {*OURS, SLOW}}
        environment |= {
            **step.environment,
            "SAYSO_DATA_DIR": f"{name}/data",
            "SAYSO_TALLY": str(written),
        }
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.support.summary",
            "-q",
            "-m",
            step.marks,
            *step.options,
        ]
        # A test that hangs shows where; the temporary folders of tests that passed are not kept.
        command += [
            "-o",
            "faulthandler_timeout=180",
            "-o",
            "tmp_path_retention_policy=failed",
            "--basetemp",
            f"{name}/t",
        ]
        command += ["-n", str(step.processes)] if step.processes else ["-p", "no:xdist"]
        code = subprocess.run(
            [*command, *rest], env=environment, check=False, stdin=subprocess.DEVNULL
        ).returncode
        _add(step, code, written, tally)


def _add(step: Step, code: int, written: Path, tally: Tally) -> None:
    result = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
    failed = int(result.get("failed", 0))
    tally.passed += int(result.get("passed", 0))
    tally.failed += failed
    tally.skips += [f"{step.name}: {skip}" for skip in result.get("skips", [])]
    tally.slowest += [(took, f"{step.name}: {name}") for name, took in result.get("slowest", [])]
    if code not in {0, NOTHING_COLLECTED} and not failed:
        _say(f"{step.name}: pytest itself ended with code {code}")
        tally.failed += 1


def _close(tally: Tally, *, seconds: float, strict: bool) -> None:
    _say("")
    for line in [*tally.not_run, *tally.skips]:
        _say(f"NOT RUN: {line}")
    if strict and (tally.not_run or tally.skips):
        _say("CI=true: what was not run counts as a failure.")
    _say("The slowest tests:")
    for took, name in sorted(tally.slowest, reverse=True)[:SLOWEST]:
        _say(f"{took:7.1f} s  {name}")
    _say(f"The whole suite took {seconds:.0f} s.")
    _say(tally.line())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

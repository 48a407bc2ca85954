"""`python -m tests.suite`: every test on every database there is, and at the end a list of what was
not run and why.

`--only sqlite|postgres|redis|browser` runs a part; other words are handed to pytest (`-k gate`,
`-x`, `tests/vault`). With CI=true a skipped test or a missing server is a failure.

Two turns run at a time. The first has each database's tests, in two processes. The others are the
steps in one process (tests marked `alone`, Redis, Chromium): they wait for servers much of their
time, and the crowd uses it. Which test belongs to which database: `tests/support/databases.py`.
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
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from tests.support import database_templates, databases, marked_files, servers, step_folders
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

_running: Final[set[subprocess.Popen[bytes]]] = set()
_over: Final = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of pytest: which tests, with which servers, in how many processes."""

    name: str
    marks: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    processes: int = 1


Ended = tuple[Step, int, Mapping[str, Any]]
"""A step, the exit code of its pytest, and what it wrote down."""


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
    # A stopped run unwinds like any other: the steps in hand and the servers end with it.
    signal.signal(signal.SIGTERM, _stop)
    tally, began = Tally(), time.monotonic()
    with contextlib.ExitStack() as stack:
        steps = _plan(chosen.only, stack, tally)
        _share_templates(steps, stack)
        _run_side_by_side(_take_turns(steps), rest, tally)
    _close(tally, seconds=time.monotonic() - began, strict=strict)
    return 0 if tally.good(strict=strict) else 1


def _stop(number: int, _: object) -> None:
    _over.set()
    for process in tuple(_running):
        process.terminate()
    sys.exit(128 + number)


def _plan(only: str | None, stack: contextlib.ExitStack, tally: Tally) -> list[Step]:
    """Lay out the steps, starting the servers that they need."""
    wants = {only} if only else {"sqlite", "postgres", "redis", "browser"}
    database = _start_postgresql(stack, tally) if wants & {"postgres", "redis"} else {}
    steps: list[Step] = []
    if "sqlite" in wants:
        # Without PostgreSQL in the run, SQLite is the one database of every test.
        shared = ("--part", databases.SQLITE) if "postgres" in wants and database else ()
        marks = "not postgres and not redis and not browser"
        steps += _with_loners(Step(name="SQLite", marks=marks, options=shared))
    if "postgres" in wants and database:
        marks, part = "not redis and not browser", ("--part", databases.POSTGRESQL)
        steps += _with_loners(
            Step(name="PostgreSQL", marks=marks, environment=database, options=part)
        )
    if "redis" in wants:
        steps += _plan_redis(database, stack, tally)
    if "browser" in wants:
        steps += _plan_browser(tally)
    return steps


def _start_postgresql(stack: contextlib.ExitStack, tally: Tally) -> Mapping[str, str]:
    """Start PostgreSQL; return the environment of its tests, empty when there is none."""
    if postgresql := stack.enter_context(servers.postgresql()):
        _say(f"PostgreSQL: {postgresql.source}")
        return {"DATABASE_URL": postgresql.url, "SAYSO_DEVELOPMENT": "yes"}
    tally.not_run.append("everything on PostgreSQL: none found (apt-get install postgresql)")
    return {}


def _plan_redis(
    database: Mapping[str, str], stack: contextlib.ExitStack, tally: Tally
) -> Iterator[Step]:
    """Start Redis and plan its step. Without PostgreSQL its tests still run, on SQLite."""
    if redis := stack.enter_context(servers.redis()):
        _say(f"Redis: {redis.source}")
        environment = {**database, "REDIS_URL": redis.url}
        options = ("--marked", marked_files.REDIS)
        yield Step(name="Redis and Celery", marks="redis", environment=environment, options=options)
    else:
        tally.not_run.append(
            "tests with Redis and Celery: none found (apt-get install redis-server)"
        )


def _plan_browser(tally: Tally) -> Iterator[Step]:
    """Find Chromium and plan its step."""
    if browser := servers.chromium():
        environment = {"CHROMIUM": browser, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        options = ("--marked", marked_files.BROWSER)
        yield Step(name="Chromium", marks="browser", environment=environment, options=options)
    else:
        tally.not_run.append("browser tests: no Chromium found (apt-get install chromium)")


def _share_templates(steps: Sequence[Step], stack: contextlib.ExitStack) -> None:
    """Make the folder of the databases that the steps' processes copy, and name it to them."""
    folder = tempfile.TemporaryDirectory(prefix="sayso-templates-", dir=step_folders.choose_place())
    name = stack.enter_context(folder)
    os.environ[database_templates.FOLDER] = name
    stack.callback(os.environ.pop, database_templates.FOLDER)
    for url in {step.environment.get("DATABASE_URL") for step in steps} - {None}:
        stack.callback(database_templates.drop, str(url), Path(name))


def _with_loners(step: Step) -> Iterator[Step]:
    """Split a step in two: most tests share two processes, those marked `alone` have one."""
    yield replace(step, marks=f"({step.marks}) and not alone", processes=2)
    yield replace(
        step,
        name=f"{step.name}, one at a time",
        marks=f"({step.marks}) and alone",
        options=(*step.options, "--marked", marked_files.ALONE),
    )


def _take_turns(steps: Sequence[Step]) -> list[list[Step]]:
    """Return the turns: the steps of several processes one after another, every other by itself."""
    crowded = [step for step in steps if step.processes > 1]
    alone = [[step] for step in steps if step.processes == 1]
    return [crowded, *alone] if crowded else alone


def _run_side_by_side(turns: Sequence[Sequence[Step]], rest: Sequence[str], tally: Tally) -> None:
    """Run two turns at a time, and add up what their steps wrote."""
    held = len(turns) > 1
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(_run_turn, turn, rest, held=held) for turn in turns]
        try:
            for ended in as_completed(running):
                for step, code, result in ended.result():
                    _add(step, code, result, tally)
        finally:
            # When it was stopped, no turn begins another step.
            _over.set()


def _run_turn(steps: Sequence[Step], rest: Sequence[str], *, held: bool) -> list[Ended]:
    """Run steps one after another. Steps of one process are quiet until their end if `held`."""
    return [
        (step, *_run(step, rest, held=held and step.processes == 1))
        for step in steps
        if not _over.is_set()
    ]


def _run(step: Step, rest: Sequence[str], *, held: bool = False) -> tuple[int, Mapping[str, Any]]:
    """Run one step in a data folder of its own; return the exit code and what it wrote down.

    What the step prints is held back until its end when another one runs beside it.
    """
    with tempfile.TemporaryDirectory(
        prefix="sayso-tests-", dir=step_folders.choose_place(), ignore_cleanup_errors=True
    ) as name:
        written, printed = Path(name) / "tally.json", Path(name) / "output"
        environment = {key: value for key, value in os.environ.items() if key not in {*OURS, SLOW}}
        environment |= {
            **step.environment,
            "SAYSO_DATA_DIR": f"{name}/data",
            "SAYSO_TALLY": str(written),
        }
        _say(f"--- {step.name} ---")
        with printed.open("wb") if held else contextlib.nullcontext() as output:
            code = _run_pytest([*_build_command(step, name), *rest], environment, output)
        if held:
            _say(f"--- {step.name} ended ---\n{printed.read_text(errors='replace')}")
        result = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
        return code, result


def _build_command(step: Step, folder: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.summary", "-q"]
    command += ["-m", step.marks, *step.options]

    # A test that hangs shows where; the temporary folders of tests that passed are not kept.
    command += ["-o", "faulthandler_timeout=180", "-o", "tmp_path_retention_policy=failed"]
    command += ["--basetemp", f"{folder}/t"]
    if step.processes == 1:
        return [*command, "-p", "no:xdist"]

    # A process that has nothing left takes over from the other: neither waits at the end.
    return [*command, "-n", str(step.processes), "--dist", "worksteal"]


def _run_pytest(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes] | None
) -> int:
    """Run pytest in a process that ends with this one; return its exit code."""
    error = subprocess.STDOUT if output else None
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=error
    ) as process:
        _running.add(process)
        try:
            return process.wait()
        finally:
            _running.discard(process)
            process.terminate()


def _add(step: Step, code: int, result: Mapping[str, Any], tally: Tally) -> None:
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

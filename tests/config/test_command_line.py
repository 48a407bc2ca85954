"""What the command line answers to people who mistype: one line that says what is wrong, and an
exit code.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("DATABASE_URL", "REDIS_URL", "SAYSO_MASTER_KEY", "SAYSO_SECRET_KEY")
FORKING = """
import json, os, runpy, sys

import django

django.setup()
from django.core.management import load_command_class

import config.urls

load_command_class("config", "serve")
for line in sys.stdin:
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.dup2(writing, 2)
        os.close(reading)
        os.close(writing)
        sys.argv = ["manage.py", *json.loads(line)]
        runpy.run_path("manage.py", run_name="__main__")
        sys.exit()
    os.close(writing)
    with open(reading, encoding="utf-8") as complaints:
        said = complaints.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([code, said]), flush=True)
"""
"""Runs `manage.py` in forks of one process, since each start of its own takes two seconds."""

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the forks."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def forking(data: Path) -> Iterator[subprocess.Popen[str]]:
    """The process that forks."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], cwd=ROOT, text=True,
        env={**_environment(data), "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process


@pytest.fixture
def run(forking: subprocess.Popen[str], data: Path) -> Run:
    """Runs `manage.py` in a fork, without a database; gives its exit code and its complaints."""

    def run(*words: str) -> tuple[int, list[str]]:
        assert forking.stdin is not None
        assert forking.stdout is not None
        (data / "sayso.sqlite3").unlink(missing_ok=True)
        forking.stdin.write(json.dumps(words) + "\n")
        forking.stdin.flush()
        code, said = json.loads(forking.stdout.readline())
        return int(code), str(said).strip().splitlines()

    return run


def _environment(folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "SAYSO_DATA_DIR": str(folder)}


def manage(folder: Path, *words: str) -> tuple[int, list[str]]:
    """Run `manage.py` in a process of its own, on an empty data folder; give its exit code and its
    complaints.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=_environment(folder),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr.strip().splitlines()


class TestADatabaseThatIsNotThere:
    @pytest.mark.parametrize(
        "words", [("expire_test_data",), ("backup", "x.tar"), ("verify_log",)], ids="-".join
    )
    def test_is_one_line(self, run: Run, words: tuple[str, ...]) -> None:
        code, lines = run(*words)
        assert (code > 0, len(lines)) == (True, 1)

    def test_shows_its_traceback_when_asked(self, tmp_path: Path) -> None:
        code, lines = manage(tmp_path, "expire_test_data", "--traceback")
        assert (code, lines[0]) == (1, "Traceback (most recent call last):")


class TestAReaderWhoGoesAway:
    """Case 52, for the commands whose exit code is a verdict."""

    @pytest.mark.parametrize("pipe", ['"$@" | true', '"$@" | head -1', '"$@" 2>&1 | true'])
    def test_changes_neither_verdict_nor_says_a_traceback(self, tmp_path: Path, pipe: str) -> None:
        words = [sys.executable, "manage.py", "watermark", "detect", "--json", *["nofile"] * 40]
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        done = subprocess.run(
            ["bash", "-c", f"{pipe}; exit ${{PIPESTATUS[0]}}", "bash", *words], cwd=ROOT,
            env={**environment, "SAYSO_DATA_DIR": str(tmp_path)}, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        alone, _ = manage(tmp_path, *words[2:])

        assert (done.returncode, "Traceback" in done.stderr) == (alone, False)
        assert alone not in {0, 120}


class TestServe:
    @pytest.mark.parametrize(
        "words",
        [("--port", "99999"), ("--port", "0"), ("--port", "-1"), ("--host", "999.1.1.1")],
        ids=" ".join,
    )
    def test_refuses_what_it_cannot_listen_on(
        self, run: Run, data: Path, words: tuple[str, ...]
    ) -> None:
        code, lines = run("serve", *words)
        assert (code, len(lines)) == (1, 1)
        assert not (data / "sayso.sqlite3").exists()

    def test_refuses_a_port_that_is_taken(self, run: Run) -> None:
        with socket.socket() as somebody:
            somebody.bind(("127.0.0.1", 0))
            somebody.listen()
            port = somebody.getsockname()[1]
            code, lines = run("serve", "--port", str(port))
        assert code == 1
        assert lines == [
            f"CommandError: cannot serve on 127.0.0.1, port {port}: Address already in use"
        ]


class TestFiles:
    @pytest.mark.parametrize("options", [(), ("--replace",)])
    def test_that_are_not_there_are_not_restored(self, run: Run, options: tuple[str, ...]) -> None:
        code, lines = run("restore", "nofile", *options)
        assert (code, lines) == (1, ["CommandError: nothing was changed: there is no file nofile"])


def test_a_log_is_recovered_by_the_id_of_its_organisation(tmp_path: Path) -> None:
    code, lines = manage(tmp_path, "recover_log", "acme", "--reason", "lost", "--actor", "me")
    assert (code, lines) == (1, ["CommandError: an organisation is named by its id, org_…"])

"""Examples of providers' pages as programs: read, pointed elsewhere, run in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.sdk.conftest import MOST_SECONDS, SDKS
from tests.support.api_client import AUDIO

EXAMPLES: Final = Path(__file__).parents[1] / "data" / "examples"
READINGS: Final = ("0870", "0930", "0880")
PYTHON_PRELUDE: Final = """\
import time
_sleep = time.sleep
time.sleep = lambda seconds: _sleep(0.25)
"""
"""Sleeps are patched. Nothing else is."""


def read_example(name: str, changes: Mapping[str, str]) -> str:
    """An example with its address, key and ids changed. Each of them must stand in it."""
    code = (EXAMPLES / f"{name}.txt").read_text(encoding="utf-8")
    for word, meant in changes.items():
        assert word in code, f"{name} has no {word}"
        code = code.replace(word, meant)
    return code


def lay_recordings(folder: Path, names: tuple[str, ...]) -> None:
    """Put a reader's recordings where an example looks for its own."""
    for name, reading in zip(names, READINGS, strict=False):
        shutil.copy(AUDIO / f"librivox-austen-{reading}.wav", folder / name)


def run_python(folder: Path, code: str, **variables: str) -> str:
    """What a program in Python prints."""
    python = SDKS / "python" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs the SDKs: make sdks")
    return _run([str(python)], folder, "example.py", PYTHON_PRELUDE + code, variables)


def run_javascript(folder: Path, code: str) -> str:
    """What a program in JavaScript prints."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    return _run([node], folder, "example.cjs", code, {})


def run_shell(folder: Path, code: str) -> str:
    """What a command prints. A status of 400 or more is an error."""
    fails = code.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
    return _run(["/bin/sh"], folder, "example.sh", fails, {})


def _run(
    runner: list[str], folder: Path, name: str, code: str, variables: Mapping[str, str]
) -> str:
    (folder / name).write_text(code, encoding="utf-8")
    done = subprocess.run(
        [*runner, name],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **variables},
        capture_output=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    printed = done.stdout.decode()
    assert done.returncode == 0, f"{printed[-1500:]}\n{done.stderr[-3000:].decode()}"
    return printed

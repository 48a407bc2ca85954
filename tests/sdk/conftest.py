"""The official SDKs, in an environment of their own, against the service as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from accounts.models import ApiKey
from config.demo.client import Client
from tests.support import processes
from tests.support.api_client import AUDIO, AUDIOBOOK, Customer, new_key

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = Path(__file__).parent / "programs"
SDKS: Final = Path(os.environ.get("SAYSO_SDKS") or ROOT / ".sdks")
SAMPLE: Final = AUDIO / "librivox-austen-0870.wav"
MOST_SECONDS: Final = 120

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def gate(child_environment: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    """The base URL of the service, with its embedded worker."""
    environment = {**child_environment, "REDIS_URL": ""}
    with processes.web(environment, tmp_path / "web.log") as base:
        yield base


@pytest.fixture
def acme_key(child_environment: Mapping[str, str]) -> str:
    """A test key of Acme's with a default use case, which no SDK can name."""
    secret = new_key("Acme")
    ApiKey.objects.update(default_use_case=AUDIOBOOK)
    return secret


@pytest.fixture
def mara(gate: str, acme_key: str) -> Customer:
    """A product before its speaker has been asked."""
    return Customer(client=Client(base=gate, key=acme_key))


@pytest.fixture
def run_python(tmp_path: Path) -> Run:
    """Runs a program in the environment of the Python SDKs; gives what it printed."""
    python = SDKS / "python" / "bin" / "python"
    return partial(_run, python, tmp_path, tmp_path, ".py")


@pytest.fixture
def run_javascript(tmp_path: Path) -> Run:
    """Runs a program beside the JavaScript SDKs; gives what it printed."""
    node = Path(shutil.which("node") or "node")
    return partial(_run, node, tmp_path, SDKS / "javascript", ".mjs")


def _run(
    runner: Path, home: Path, folder: Path, ending: str, program: str, *words: str
) -> dict[str, Any]:
    if not runner.exists() or not folder.exists():
        pytest.skip("needs the SDKs: make sdks")
    done = subprocess.run(
        [runner, PROGRAMS / f"{program}{ending}", *words],
        capture_output=True,
        timeout=MOST_SECONDS,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr[-3000:].decode()
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed

"""A consent that ends while the SDKs stream: each of them raises, and none takes it for whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from accounts.models import ApiKey
from provenance.models import Clip, StreamProgress
from tests.sdk.conftest import PROGRAMS, SDKS
from tests.support.api_client import Customer
from tests.voices.streaming.conftest import settled, until

pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

PYTHON: Final = ("cartesia", "elevenlabs", "fish", "inworld", "openai")
JAVASCRIPT: Final = ("cartesia", "elevenlabs", "fish", "inworld", "openai")


@pytest.fixture
def english(acme_key: str) -> str:
    """A key whose texts are English, which not every provider's call can say."""
    ApiKey.objects.update(default_language="en")
    return acme_key


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Programs that are over when the test is."""
    with ExitStack() as stack:
        yield stack


def start(running: ExitStack, language: str, home: Path, *words: str) -> subprocess.Popen[str]:
    """A program that streams."""
    folder, runner = home, SDKS / "python" / "bin" / "python"
    if language == "mjs":
        folder, runner = SDKS / "javascript", Path(shutil.which("node") or "node")
    if not runner.exists() or not folder.exists():
        pytest.skip("needs the SDKs: make sdks")
    program = PROGRAMS / f"cut_{'javascript' if language == 'mjs' else 'python'}.{language}"
    process = subprocess.Popen(
        [runner, program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
    )
    running.enter_context(process)
    running.callback(process.kill)
    return process


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize(("language", "providers"), [("py", PYTHON), ("mjs", JAVASCRIPT)])
def test_a_revocation_is_an_error_in_every_sdk(
    gate: str,
    mara: Customer,
    english: str,
    running: ExitStack,
    tmp_path: Path,
    language: str,
    providers: tuple[str, ...],
) -> None:
    mara.meet()
    mara.clone()
    words = (gate, english, mara.voice)
    streams = {name: start(running, language, tmp_path, name, *words) for name in providers}
    assert [hear(one) for one in streams.values()] == ["ready"] * len(providers)
    for one in streams.values():
        tell(one)
    until(lambda: StreamProgress.objects.count() == len(providers))

    mara.post(f"/v1/consents/{mara.consent}/revoke", {"reason": "requested_by_person"})

    told: dict[str, Any] = {name: json.loads(hear(one)) for name, one in streams.items()}
    assert all("error" in one for one in told.values()), told
    clips = [settled(clip_id) for clip_id in Clip.objects.values_list("id", flat=True)]
    assert [(clip.state, clip.code) for clip in clips if clip.size] == [
        ("aborted", "consent_denied")
    ] * len(providers)

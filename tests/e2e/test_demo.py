"""`manage.py demo` and `manage.py run` as a stranger starts them: an empty folder, PATH and HOME,
nothing else.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from config.demo.client import Client
from config.demo.server import find_free_port
from tests.support import shell_blocks
from tests.support.api_client import AUDIO
from tests.support.processes import ROOT, said, wait_until

pytestmark = pytest.mark.alone
KEPT = {
    "receipt.pdf", "speech-en.wav", "speech-de.wav", "found-on-the-web.mp3",
    "erasure-certificate.json", "audit.zip", "audit-changed.zip", "verify.py", "receipt.jws",
    "receipt.proof", "opening.json", "keys.json", "script.txt", "speech-by-the-sdk.wav",
}  # fmt: skip

Visit = Callable[[int, str, Path], None]
"""What is done with a service, given its port, the key that it printed, and a folder."""


class Stranger:
    """Starts commands in an environment with hardly anything in it, and sees what is left of
    them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.data, self.temporary = folder / "data", folder / "tmp"
        self.temporary.mkdir()

    @contextmanager
    def runs(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command while the block runs; what it says goes to `out`."""
        # The two folders keep the test out of the developer's own; PATH and HOME are all that a
        # shell must give.
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        environment |= {"SAYSO_DATA_DIR": str(self.data), "TMPDIR": str(self.temporary)}
        command = [sys.executable, "manage.py", *arguments]
        with self.out.open("wb") as out:
            running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            yield running
        finally:
            running.kill()
            running.wait()
            for pid in self.left():
                os.kill(pid, signal.SIGKILL)

    def left(self) -> list[int]:
        """The processes that still run with this stranger's folders."""
        running = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in running if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        with suppress(OSError):
            return f"TMPDIR={self.temporary}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    def heard(self, words: str, running: subprocess.Popen[bytes], *, seconds: float = 180) -> None:
        """Wait until the command has said these words."""
        wait_until(
            lambda: running.poll() is not None or words in self.out.read_text(),
            f"“{words}”",
            seconds=seconds,
        )
        assert words in self.out.read_text(), said(self.out, "it ended")


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    return Stranger(tmp_path)


class TestDemo:
    def test_tells_the_whole_path_and_keeps_its_files(self, stranger: Stranger) -> None:
        with stranger.runs("demo") as telling:
            assert telling.wait(300) == 0, said(stranger.out, "the demo")
            assert stranger.left() == []

        kept = {file.name: file.stat().st_size for file in (stranger.data / "demo").iterdir()}
        assert {name for name, size in kept.items() if size > 0} == KEPT
        assert list(stranger.temporary.iterdir()) == []
        story = stranger.out.read_text()
        for words in (
            "language_not_covered",
            "use_case_not_covered",
            "issued_altered",
            "generate, Japanese: ApiError",
            "consent_revoked",
            "REFUSED",
        ):
            assert words in story

    def test_leaves_nothing_running_when_it_is_interrupted(self, stranger: Stranger) -> None:
        """By SIGTERM. The test of `run` has Ctrl-C, which the same handler takes."""
        with stranger.runs("demo") as telling:
            stranger.heard("asks for her consent", telling)
            assert len(stranger.left()) > 1
            telling.terminate()

            assert telling.wait(60) == 130
            assert stranger.left() == []
        assert list(stranger.temporary.iterdir()) == []


class TestRun:
    def test_begins_again_after_an_interruption_then_prints_a_call_and_reuses_its_data(
        self, stranger: Stranger
    ) -> None:
        login = self._interrupt_first_start(stranger)

        first = self._visit(stranger)
        assert login in stranger.out.read_text()
        assert "Mara Lindqvist" in stranger.out.read_text()

        second = self._visit(stranger, then=walk_documents)
        assert first == second
        assert "Mara Lindqvist" not in stranger.out.read_text()

    def _interrupt_first_start(self, stranger: Stranger) -> str:
        """Stop it by Ctrl-C when its login is made, and return the key."""
        steps = stranger.data / "secrets" / "first-steps.json"
        with stranger.runs("run", "--port", str(find_free_port())) as service:
            wait_until(steps.exists, "the first steps", seconds=120)
            service.send_signal(signal.SIGINT)
            assert service.wait(60) == 130
            assert stranger.left() == []
        return str(json.loads(steps.read_text())["test_key"])

    def _visit(self, stranger: Stranger, *, then: Visit = lambda *_: None) -> tuple[str, str]:
        """Start it, make the call that it prints, do what is to be done then, end it; gives the
        voice and the key in that call.
        """
        port = find_free_port()
        with stranger.runs("run", "--port", str(port)) as service:
            stranger.heard("Ctrl-C stops it", service)
            printed = stranger.out.read_text()
            for path in ("/", "/verify", "/docs/", "/admin/login/"):
                assert Client(base=f"http://127.0.0.1:{port}", key="").get(path).status in {
                    200,
                    302,
                }
            voice, key = _call(printed, stranger.folder)
            assert "live key     sayso_live_" in printed
            then(port, key, stranger.folder)
            service.terminate()
            assert service.wait(60) == 0
            assert stranger.left() == []
        return voice, key

    def test_refuses_a_port_that_someone_has(self, stranger: Stranger) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = str(taken.getsockname()[1])
            with stranger.runs("run", "--port", port) as service:
                assert service.wait(60) == 1
        assert (
            stranger.out.read_text().strip()
            == f"Port {port} cannot be used, or is in use already; choose another."
        )
        assert stranger.left() == []


def walk_documents(port: int, key: str, folder: Path) -> None:
    """Do word for word what README and the description of the API say, with the printed key."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    shutil.copy(AUDIO / "librivox-austen-0920.wav", folder / "recording.wav")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    served = Client(base=f"http://127.0.0.1:{port}", key="").get("/v1/openapi.json").json

    for text in (readme, served["info"]["description"]):
        (block,) = (one for one in shell_blocks.read_blocks(text, "sh") if "curl" in one)
        walk = shell_blocks.run_block(block, port=port, key=key, folder=folder)
        assert walk.statuses == shell_blocks.list_promised_statuses(block) != ()

        if text is readme:
            signed, denied = walk.answers
            assert signed["state"] == "active"
            (shown,) = shell_blocks.read_blocks(text, "json")
            assert shell_blocks.find_differences(json.loads(shown), denied) == []
            assert (folder / "line.wav").read_bytes().startswith(b"RIFF")
        else:
            (person,) = walk.answers
            assert (person["object"], person["name"]) == ("speaker", "Ada Example")


def _call(printed: str, folder: Path) -> tuple[str, str]:
    """Make the printed curl call, with curl where there is one; gives the voice and the key in
    it.
    """
    line = printed[printed.index("  curl ") :]
    words = shlex.split(line)
    body = json.loads(words[words.index("-d") + 1])
    key = next(word for word in words if word.startswith("Authorization: Bearer ")).removeprefix(
        "Authorization: Bearer "
    )
    if shutil.which("curl"):
        subprocess.run(["sh", "-c", line], cwd=folder, check=True, capture_output=True, timeout=60)
        sound = (folder / "hello.wav").read_bytes()
    else:
        base, _, path = next(word for word in words if word.startswith("http://")).partition("/v1/")
        sound = Client(base=base, key=key).post(f"/v1/{path}", body).body
    assert sound.startswith(b"RIFF")
    return body["voice"], key

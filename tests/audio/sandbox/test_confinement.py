"""A program in the child's place gets out nowhere: as root and as a user, in each of the four."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from audio import decoding, mp4
from audio.containers import Container
from audio.sandbox import confinement
from audio.sandbox.template_client import Limits, Sandbox
from engine.synthesizer import _synthesiser
from provenance.c2pa import manifest_reader
from tests.support import audio_files, escape_attempts

ROOT: Final = Path(__file__).parents[3]
REFUSED: Final = {"EPERM", "EACCES"}
UNUSED_USER: Final = 65_534
# A stranger's file is read by the real program first, then everything is tried.
PROGRAM: Final = """
import importlib.util, io, json, os, sys

def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

real = load("real", {real!r})
attempts = load("attempts", {attempts!r})
READABLE = real.READABLE
load_libraries = real.load_libraries

def prepare_order(order):
    global READABLE
    prepared = real.prepare_order(order)
    if {user} and os.getuid() == 0:
        os.setgroups([])
        os.setgid({user})
        os.setuid({user})
    # A user who may not read the folder of this project cannot confine itself to it.
    READABLE = READABLE if READABLE and os.access(READABLE, os.R_OK) else None
    return prepared, os.getuid()

def answer_order(order, source, sink):
    prepared, user = order
    answer = io.BytesIO()
    real.answer_order(prepared, source, answer)
    found = attempts.try_everything(json.loads({targets!r}))
    sink.write(json.dumps([user, len(answer.getvalue()), found]).encode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealOrder:
    """One order that the service would give, and the foreign bytes of it."""

    program: Path
    order: Mapping[str, Any]
    foreign: bytes


def build_order(name: str) -> RealOrder:
    """Return a real order to the decoder, the encoder, espeak or the reader of manifests."""
    wav = audio_files.encoded("wav")
    if name == "decoder":
        order: Mapping[str, Any] = decoding._build_order(Container.WAV, [len(wav)], most_others=0)
        return RealOrder(program=decoding._SANDBOX.program, order=order, foreign=wav)

    if name == "encoder":
        pcm = np.zeros(4800, dtype="<i2").tobytes()
        order = {"rate": 48_000, "bit_rate": 64_000, "size": len(pcm)}
        return RealOrder(program=mp4._SANDBOX.program, order=order, foreign=pcm)

    if name == "espeak":
        text = b"Hello, this is a test."
        order = {"op": "say", "size": len(text), "voice": "gmw/en", "rate": 175, "pitch": 50}
        return RealOrder(program=_synthesiser.sandbox.program, order=order, foreign=text)

    order = {"media_type": "audio/wav", "settings": {}, "size": len(wav), "sidecar": 0}
    return RealOrder(program=manifest_reader._SANDBOX.program, order=order, foreign=wav)


@pytest.fixture
def targets(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What there is to get at: all of it is open to this process and to every user."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)

    secret, database = tmp_path / "master.key", tmp_path / "sayso.sqlite3"
    for path in (secret, database, tmp_path / "master.key.spare"):
        path.write_text("secret")
        path.chmod(0o666)

    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        (tmp_path / "socket").chmod(0o777)
        yield {
            "secret": str(secret),
            "database": str(database),
            "pid": os.getpid(),
            "tcp": tcp.getsockname(),
            "unix": str(tmp_path / "socket"),
        }


def write_program(folder: Path, real: Path, targets: dict[str, Any], *, user: int) -> Path:
    """Write the program that does what `real` does and then tries everything."""
    program = folder / "taken_over.py"
    program.write_text(
        PROGRAM.format(
            real=str(real),
            attempts=str(escape_attempts.__file__),
            targets=json.dumps({**targets, "confined": True}),
            user=user,
        )
    )
    return program


class TestEveryProgram:
    @pytest.mark.parametrize("user", [0, UNUSED_USER], ids=["as it runs", "as a user"])
    @pytest.mark.parametrize("name", ["decoder", "encoder", "espeak", "manifest reader"])
    def test_gets_out_nowhere(
        self, name: str, user: int, tmp_path: Path, targets: dict[str, Any]
    ) -> None:
        real = build_order(name)
        program = write_program(tmp_path, real.program, targets, user=user)
        sandbox = Sandbox(program, Limits(most_out=2**24))

        with contextlib.closing(sandbox):
            user_found, size, found = json.loads(sandbox.run(real.order, real.foreign))

        assert user_found == (user or os.getuid())
        assert size > 0
        assert len(found) == 54
        assert {name: how for name, how in found.items() if how not in REFUSED} == {}


class TestTheAttempts:
    def test_get_out_of_a_process_that_is_not_confined(self, targets: dict[str, Any]) -> None:
        # Its parent is a process that may be stopped, not this one.
        parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        targets["pid"] = parent.pid
        code = (
            "import json, sys; from tests.support import escape_attempts;"
            "print(json.dumps(escape_attempts.try_everything(json.loads(sys.argv[1]))))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(targets)],
            check=True, capture_output=True, text=True, cwd=ROOT, timeout=60,
        )  # fmt: skip
        parent.kill()
        parent.communicate()

        found = json.loads(done.stdout)
        ways = [name for name in found if name not in escape_attempts.NAMES]
        assert {name: found[name] for name in ways} == dict.fromkeys(ways, "done")


class TestConfineProcess:
    def run_confined(self, act: Any) -> int:
        """Return how a confined fork of this process ends, as a wait status."""
        child = os.fork()
        if child == 0:
            confinement.confine_process()
            try:
                act()
            except OSError:
                os._exit(3)
            os._exit(0)
        return os.waitpid(child, 0)[1]

    def test_leaves_nothing_to_reuse_after_a_descriptor_is_closed(self) -> None:
        def reuse_descriptor() -> None:
            os.close(0)
            socket.socket()

        assert os.waitstatus_to_exitcode(self.run_confined(reuse_descriptor)) == 3

    def test_leaves_memory_and_descriptors(self) -> None:
        theirs, ours = os.pipe()

        def use_what_is_left() -> None:
            os.write(ours, bytes(bytearray(2**24))[:3])

        assert self.run_confined(use_what_is_left) == 0
        assert os.read(theirs, 10) == bytes(3)
        os.close(theirs)
        os.close(ours)

    def test_cannot_be_taken_back(self) -> None:
        def confine_less() -> None:
            confinement.confine_process()

        # NotConfined is no OSError: the process ends with neither code.
        assert (
            os.waitstatus_to_exitcode(self.run_confined(lambda: self.raise_as_os(confine_less)))
            == 3
        )

    def raise_as_os(self, act: Any) -> None:
        try:
            act()
        except confinement.NotConfined as error:
            raise OSError from error

    def test_is_there_on_the_machines_of_the_tests(self) -> None:
        assert confinement.is_supported()
        assert confinement.is_folder_supported()

    def test_is_missing_elsewhere_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform.machine", lambda: "riscv64")

        assert not confinement.is_supported()
        with pytest.raises(confinement.NotConfined):
            confinement.confine_process()


class TestOneFolder:
    def test_stays_readable_and_no_other(self, tmp_path: Path) -> None:
        public, secret = tmp_path / "public", tmp_path / "secret"
        public.mkdir()
        (public / "data").write_text("data")
        (public / "way out").symlink_to(secret)
        secret.write_text("secret")

        child = os.fork()
        if child == 0:
            confinement.confine_process(str(public))
            seen = []
            for path in ("public/data", "secret", "public/way out", "public/../secret"):
                try:
                    (tmp_path / path).read_text(encoding="utf-8")
                    seen.append(True)
                except OSError:
                    seen.append(False)
            os._exit(0 if seen == [True, False, False, False] else 1)

        assert os.waitpid(child, 0)[1] == 0

    def test_is_opened_for_reading_alone_though_landlock_would_let_it_be_emptied(
        self, tmp_path: Path
    ) -> None:
        data = tmp_path / "data"
        data.write_text("data")
        ways = (os.O_RDONLY | os.O_TRUNC, os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT)

        child = os.fork()
        if child == 0:
            # As before Linux 5.19 and 6.2: this Landlock forbids nothing at all.
            confinement._restrict_files = lambda *_: None
            confinement.confine_process(str(tmp_path))
            os.close(os.open(data, os.O_RDONLY))
            opened = []
            for way in ways:
                try:
                    opened.append(os.open(data, way))
                except PermissionError:
                    continue
            os._exit(len(opened))

        assert os.waitpid(child, 0)[1] == 0
        assert data.read_text() == "data"

"""Real servers for the tests: PostgreSQL and Redis from a URL, PATH or Debian packages."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from tests.support import debian

PR_SET_PDEATHSIG: Final = 1  # prctl(2)
READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A server that answers, with its URL and in words where it came from."""

    url: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServer:
    """A server that a test may stop, with the programs of its kind."""

    url: str
    process: subprocess.Popen[bytes]
    programs: _Programs

    def run(self, program: str, *words: str, given: bytes = b"") -> bytes:
        """Run a program of its kind, and return what it prints."""
        command = [str(self.programs.folder / program), *words]
        environment = _environment(self.programs)
        done = subprocess.run(
            command, input=given, stdout=subprocess.PIPE, check=True, env=environment
        )
        return done.stdout

    @contextlib.contextmanager
    def freeze(self) -> Iterator[None]:
        """Stop the server and its children where they stand while the block runs."""
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # first, so that it starts no more children
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        stopped = [pid, *map(int, children.split())]
        for one in stopped[1:]:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunAs:
    """The user that a server runs as, where None means the user of the tests."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Programs:
    """A folder of programs, and what they need in their environment."""

    folder: Path
    source: str
    environment: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def postgresql() -> Iterator[Found | None]:
    """Run a PostgreSQL with rights to make databases while the block runs.

    Yields None when there is none.
    """
    if given := os.environ.get("DATABASE_URL"):
        yield Found(url=given, source="DATABASE_URL")
        return

    with own_postgresql() as own:
        yield Found(url=own.url, source=own.programs.source) if own else None


@contextlib.contextmanager
def own_postgresql() -> Iterator[OwnServer | None]:
    """Run a PostgreSQL that nobody else uses, even if DATABASE_URL names another one."""
    programs = _programs("postgres", "/usr/lib/postgresql/*/bin", ("postgresql",))
    if programs is None:
        yield None
        return

    user = _user_for_postgresql()
    with _folder(user) as folder:
        port = _free_port()
        password = secrets.token_hex(16)
        _init_cluster(programs, folder, user, password)
        # Its data is deleted after the run, so nothing need reach the disk.
        options = (
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=200",
        )
        command = [str(programs.folder / "postgres"), "-D", str(folder / "data")]
        command += ["-k", str(folder), "-p", str(port), "-h", "127.0.0.1"]
        command += [part for option in options for part in ("-c", option)]
        with _running(command, programs, folder, user, stop=signal.SIGQUIT) as process:
            url = f"postgres://sayso:{password}@127.0.0.1:{port}/postgres"
            _wait_until(lambda: _answers_postgresql(url), "PostgreSQL", folder)
            yield OwnServer(url=url, process=process, programs=programs)


@contextlib.contextmanager
def redis() -> Iterator[Found | None]:
    """Run an empty Redis while the block runs, or yield None when there is none."""
    if given := os.environ.get("REDIS_URL"):
        yield Found(url=given, source="REDIS_URL")
        return

    with own_redis() as own:
        yield Found(url=own.url, source=own.programs.source) if own else None


@contextlib.contextmanager
def own_redis() -> Iterator[OwnServer | None]:
    """Run a Redis that nobody else uses, even if REDIS_URL names another one."""
    programs = _programs("redis-server", "/usr/bin", ("redis-server",))
    if programs is None:
        yield None
        return

    with _folder(_RunAs()) as folder:
        port = _free_port()
        command = [str(programs.folder / "redis-server"), "--bind", "127.0.0.1"]
        command += ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        with _running(command, programs, folder, _RunAs(), stop=signal.SIGTERM) as process:
            _wait_until(lambda: _answers_redis(port), "Redis", folder)
            url = f"redis://127.0.0.1:{port}/0"
            yield OwnServer(url=url, process=process, programs=programs)


def chromium() -> str | None:
    """Return the browser that CHROMIUM names, or else the one on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def _programs(program: str, versioned: str, packages: tuple[str, ...]) -> _Programs | None:
    """Find a program on PATH, else in Debian's versioned folders, else in unpacked packages."""
    if on_path := shutil.which(program):
        return _Programs(folder=Path(on_path).resolve().parent, source=on_path)
    if installed := debian.newest(Path("/"), f"{versioned.lstrip('/')}/{program}"):
        return _Programs(folder=installed.parent, source=str(installed))

    root = debian.unpacked(packages)
    if root and (found := debian.newest(root, f"{versioned.lstrip('/')}/{program}")):
        source = f"unpacked Debian packages in {root}"
        return _Programs(folder=found.parent, source=source, environment=debian.libraries(root))

    return None


def _user_for_postgresql() -> _RunAs:
    """Return the user for PostgreSQL: for root its own user, or the user `nobody`."""
    # PostgreSQL refuses to run as root.
    if os.geteuid() == 0:
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return _RunAs(user=entry.pw_uid, group=entry.pw_gid, extra_groups=())

    return _RunAs()


@contextlib.contextmanager
def _folder(user: _RunAs) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sayso-server-", ignore_cleanup_errors=True) as name:
        if user.user is not None and user.group is not None:
            os.chown(name, user.user, user.group)
        yield Path(name)


def _init_cluster(programs: _Programs, folder: Path, user: _RunAs, password: str) -> None:
    words = folder / "password"
    words.write_text(password, encoding="ascii")
    # The folder around it is private.
    words.chmod(0o644)
    command = [str(programs.folder / "initdb"), "-D", str(folder / "data")]
    command += ["-U", "sayso", "-E", "UTF8"]
    command += ["--no-locale", "--no-sync", "--auth=scram-sha-256", f"--pwfile={words}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=_environment(programs),
        user=user.user,
        group=user.group,
        extra_groups=user.extra_groups,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


@contextlib.contextmanager
def _running(
    command: list[str], programs: _Programs, folder: Path, user: _RunAs, *, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, which ends with the block and also when this process is killed."""
    # Linux signals the server when its parent dies.
    libc = ctypes.CDLL(None)

    def end_with_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, stop)

    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(programs),
            preexec_fn=end_with_parent,  # noqa: PLW1509 - runs before any thread of ours exists
            start_new_session=True,  # Ctrl-C reaches the tests first, then we stop the server
            user=user.user,
            group=user.group,
            extra_groups=user.extra_groups,
        )

    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment(programs: _Programs) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", **programs.environment}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until(ready: Callable[[], bool], what: str, folder: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            said = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{what} did not start within {READY_SECONDS:.0f} s:\n{said}")
        time.sleep(0.05)


def _answers_postgresql(url: str) -> bool:
    try:
        psycopg.connect(url.replace("postgres://", "postgresql://"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False

    return True


def _answers_redis(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False

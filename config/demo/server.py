"""A real server for the demo, in its own process with its own data folder and a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from django.conf import settings

START_SECONDS: Final = 60.0
# The configuration of a service on this machine, which the demo must not touch.
FOREIGN: Final = (
    "DATABASE_URL", "REDIS_URL", "SAYSO_OBJECT_STORE_URL", "SAYSO_MASTER_KEY",
    "SAYSO_MASTER_KEY_FILE", "SAYSO_EMAIL_URL", "SAYSO_MESSAGES_URL",
)  # fmt: skip


class DemoFailed(SystemExit):
    """The demo cannot go on. It ends the command with one line."""


def find_free_port() -> int:
    """Return a free TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuse_taken_port(port: int) -> None:
    """Check that no other process listens on this port.

    Raises DemoFailed.
    """
    # We would take the answers of another process for ours.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise DemoFailed(
                f"Port {port} cannot be used, or is in use already; choose another."
            ) from None


@contextmanager
def end_on_signal() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, with its processes and temporary folders."""
    # SIGINT too, because a shell that starts us in the background has it ignored.
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, signal.default_int_handler) for each in both]

    try:
        yield
    except KeyboardInterrupt:
        # Shells expect this status of an interrupted program.
        raise SystemExit(130) from None
    finally:
        for each, handler in zip(both, before, strict=True):
            signal.signal(each, handler)


def build_environment(data: Path, port: int, *, mail: str = "") -> dict[str, str]:
    """Return the environment of a server with this data folder and port.

    `mail` is the address of its mail server, if any.
    """
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {
        **kept,
        "SAYSO_DATA_DIR": str(data),
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SAYSO_LOG_LEVEL": os.environ.get("SAYSO_LOG_LEVEL", "WARNING"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **({"SAYSO_EMAIL_URL": mail} if mail else {}),
    }


def run_manage(arguments: list[str], env: Mapping[str, str]) -> str:
    """Run `manage.py` with these arguments, and return its output.

    Raises DemoFailed with its last line.
    """
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=settings.BASE_DIR, env=dict(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise DemoFailed(
            f"`manage.py {arguments[0]}` failed: {lines[-1] if lines else 'no output'}"
        )

    return done.stdout


def prepare_data_folder(data: Path, port: int, organisation: str) -> dict[str, str]:
    """Migrate an empty data folder, make an organisation, and return its login and keys."""
    env = build_environment(data, port)
    run_manage(["migrate", "--verbosity", "0"], env)
    found: dict[str, str] = json.loads(
        run_manage(["bootstrap", "--organisation", organisation, "--json"], env)
    )
    return found


@contextmanager
def run_server(data: Path, port: int, *, mail: str = "") -> Iterator[str]:
    """Run the server while the block runs, and yield its base URL.

    `mail` is the address of the mail server, if any.
    """
    log = (data / "server.log").open("wb")
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "config.asgi.application:application",
        "--http",
        "config.asgi.http_protocol:BoundedProtocol",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(  # noqa: S603 - our own words
        command,
        cwd=settings.BASE_DIR,
        env=build_environment(data, port, mail=mail),
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(process, port, data / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break

        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()

    raise DemoFailed(f"The server did not start; its log is {log}.")

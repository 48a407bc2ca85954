"""The service's side of the sandbox: one request, one answer.

A process that serves starts the templates of all its sandboxes ahead (`start_templates`). Elsewhere
a `Sandbox` starts its template with the first request. It starts another when it is gone, and one
of its own in a process that was forked. It is safe for threads.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

_TEMPLATE: Final = Path(__file__).with_name("template.py")
# One BLAS thread: a template with more than one thread cannot be forked safely.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_CHUNK: Final = 2**18
_LOAD_SECONDS: Final = 30.0
"""How long a template may take to load its libraries, added to a request's own time."""
_READY: Final = b"R"


class ChildFailed(Exception):
    """The child ended before it was ready, twice. What is foreign was not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use.

    `memory` is address space in bytes, `cpu_seconds` processor time, `seconds` time by the clock,
    and `most_out` the bytes of an answer that are read.
    """

    memory: int = 2**30
    cpu_seconds: int = 20
    seconds: float = 30
    most_out: int


@dataclass(slots=True)
class _Template:
    """A running template and the socket to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int = field(default_factory=os.getpid)

    def wait_until_loaded(self, seconds: float) -> bool:
        """Wait for the program's libraries. Return False if it ended or takes longer."""
        poller = select.poll()
        try:
            poller.register(self.control, select.POLLIN)
            # What it says is left there, so that each caller finds it.
            return bool(poller.poll(1000 * seconds) and self.control.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False  # another thread has ended it

    def end(self) -> None:
        """Close the socket. The template of this process is ended and collected."""
        self.control.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


class Sandbox:
    """Runs a program on foreign bytes, in a confined child for each request.

    `is_installed` says whether the program's libraries are there.
    """

    def __init__(self, program: Path, limits: Limits, *, is_installed: bool = True) -> None:
        self.program = program
        self.limits = limits
        self.is_installed = is_installed
        self._message = json.dumps(
            {
                "memory": limits.memory,
                "cpu_seconds": limits.cpu_seconds,
                "seconds": limits.seconds,
            }
        ).encode()
        self._lock = threading.Lock()
        self._template: _Template | None = None
        _all.add(self)

    def run(self, order: Mapping[str, Any], foreign: bytes = b"") -> bytes:
        """Return the answer to one order and the foreign bytes behind it.

        A child that a limit ends leaves half an answer.

        Raises ChildFailed when no child was ready to read them.
        """
        request = json.dumps(order).encode() + b"\n"

        for _attempt in (1, 2):
            try:
                template = self._ensure_started()
            except OSError:
                continue

            try:
                answer = self._exchange(template, request, foreign)
            except OSError:
                answer = bytearray()
            if answer.startswith(_READY):
                return bytes(memoryview(answer)[len(_READY) :])
            self._discard(template)

        raise ChildFailed(self.program.stem)

    def start(self) -> bool:
        """Start the template if there is none, and wait until it is loaded.

        Return False if it cannot be started or loaded. The next request tries again.
        """
        try:
            template = self._ensure_started()
        except OSError:
            return False
        if template.wait_until_loaded(_LOAD_SECONDS):
            return True

        self._discard(template)
        return False

    @property
    def template_pid(self) -> int | None:
        """Return the template's process id, or None while there is none."""
        return self._template.process.pid if self._template is not None else None

    def close(self) -> None:
        """End the template. The next request starts another."""
        with self._lock:
            template, self._template = self._template, None
            if template is not None:
                template.end()

    def _exchange(self, template: _Template, request: bytes, foreign: bytes) -> bytearray:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(template.control, [self._message], [theirs.fileno()])

            deadline = time.monotonic() + self.limits.seconds + _LOAD_SECONDS
            # The child may refuse early and close its side. Its answer has the reason.
            with suppress(BrokenPipeError, ConnectionResetError):
                ours.settimeout(deadline - time.monotonic())
                ours.sendall(request)
                ours.sendall(foreign)
                ours.shutdown(socket.SHUT_WR)

            return _receive(ours, self.limits.most_out, deadline)

    def _ensure_started(self) -> _Template:
        with self._lock:
            if self._template is None:
                self._template = self._start()
            return self._template

    def _start(self) -> _Template:
        # A message is taken whole, with its descriptor.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ExitStack() as undone, theirs:
            undone.callback(ours.close)
            # Our own programs, and no word of the command comes from outside. With -I, neither the
            # current folder nor PYTHON* variables reach them.
            process = subprocess.Popen(  # noqa: S603
                (sys.executable, "-I", str(_TEMPLATE), str(self.program)),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
            )
            undone.pop_all()

        return _Template(process, ours)

    def _discard(self, template: _Template) -> None:
        """End a template that made no child. Another thread may have replaced it."""
        with self._lock:
            if self._template is template:
                template.end()
                self._template = None

    def leave_to_parent(self) -> None:
        """Close the parent's socket in a process that was forked, so that the template can end."""
        self._lock = threading.Lock()
        template, self._template = self._template, None
        if template is not None:
            template.end()


_all: weakref.WeakSet[Sandbox] = weakref.WeakSet()


def start_templates() -> threading.Thread:
    """Start the template of every sandbox of this process in the background.

    Neither the start of the process nor the first file waits for the libraries.
    """
    # A process that ends does not wait for it either. What it has started ends with the process.
    starter = threading.Thread(target=_start_all, name="sayso-templates", daemon=True)
    starter.start()
    return starter


def _start_all() -> None:
    # One after the other: the first requests want a processor too.
    for sandbox in sorted(_all, key=lambda sandbox: sandbox.program.name):
        if sandbox.is_installed and not sandbox.start():
            logger.error(
                "a program of the sandbox cannot be loaded", extra={"program": sandbox.program.stem}
            )


def _receive(ours: socket.socket, most: int, deadline: float) -> bytearray:
    """Return what comes until the other side closes, the time is over or `most` bytes are there."""
    # It grows in place. Parts that are joined at the end would be there twice.
    answer = bytearray()
    missing = most + len(_READY)

    while missing:
        left = deadline - time.monotonic()
        if left <= 0:
            break

        ours.settimeout(left)
        try:
            part = ours.recv(min(missing, _CHUNK))
        except (TimeoutError, ConnectionResetError):
            break
        if not part:
            break
        answer += part
        missing -= len(part)

    return answer


def _close_all() -> None:
    for sandbox in tuple(_all):
        sandbox.close()


def _leave_all() -> None:
    for sandbox in tuple(_all):
        sandbox.leave_to_parent()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_leave_all)

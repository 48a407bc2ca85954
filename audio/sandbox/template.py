"""A template: `template.py PROGRAM` loads a program once and forks a confined child a request.

Standard input is a socket of whole messages. Each is one line of JSON {"memory", "cpu_seconds",
"seconds"} with one descriptor: the socket of a request. The template forks, and never reads from
that socket itself. It ends when the other side of its own socket closes.

In the child: the request's first line is JSON that the service wrote. The program's `prepare_order`
may still open files for it. Then the child is confined, answers `R`, and the program's
`answer_order` reads what is foreign. So an answer without `R` means that the file was not judged.
"""

from __future__ import annotations

import gc
import importlib.util
import io
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

_MESSAGE: Final = 4096
_LINE: Final = 2**20
_HIGHEST: Final = 65_536
_DESCRIPTORS: Final = 8
_LOADED: Final = b"L"


class _Confinement(Protocol):
    """The module `confinement`, loaded by its path."""

    def limit_resources(self, *, memory: int, cpu_seconds: int, descriptors: int) -> None: ...
    def confine_process(self, readable: str | None) -> None: ...
    def is_supported(self) -> bool: ...


class Program(Protocol):
    """What a program of the sandbox is: a module with this constant and these functions."""

    READABLE: str | None
    """A folder of public data that stays readable."""

    def load_libraries(self) -> None:
        """Load in the template what every request needs."""

    def prepare_order(self, order: dict[str, Any]) -> Any:
        """Do what needs files, for an order that the service wrote. Nothing foreign is read."""

    def answer_order(self, prepared: Any, source: BinaryIO, sink: BinaryIO) -> None:
        """Read what is foreign and write the answer."""


def load_module(path: Path) -> Any:
    """Return the module at `path`."""
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)

    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def serve_requests(control: socket.socket, program: Program, confinement: _Confinement) -> None:
    """Fork a child for each request until the socket closes."""
    # The kernel collects children that have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    with suppress(BrokenPipeError):
        control.send(_LOADED)

    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _MESSAGE, 1)
        if not message:
            return

        limits = json.loads(message)
        if os.fork() == 0:
            _run_child(descriptors[0], limits, program, confinement)
        os.close(descriptors[0])


def _run_child(
    descriptor: int, limits: dict[str, Any], program: Program, confinement: _Confinement
) -> None:
    """Answer one request and end."""
    code = 1
    try:
        # Ends this process whatever it does. Once confined, it cannot set another alarm, nor ignore
        # or block this one. The process that started the service may have done so.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        signal.setitimer(signal.ITIMER_REAL, limits["seconds"])

        os.dup2(descriptor, 0)
        os.closerange(1, _HIGHEST)
        source = io.BufferedReader(io.FileIO(0, "r", closefd=False))
        sink = io.BufferedWriter(io.FileIO(0, "w", closefd=False))

        prepared = program.prepare_order(json.loads(source.readline(_LINE)))
        confinement.limit_resources(
            memory=limits["memory"],
            cpu_seconds=limits["cpu_seconds"],
            descriptors=_DESCRIPTORS if program.READABLE else 0,
        )
        if confinement.is_supported():
            confinement.confine_process(program.READABLE)

        sink.write(b"R")
        sink.flush()
        program.answer_order(prepared, source, sink)
        sink.flush()
        code = 0
    finally:
        # No clean-up of the template's own objects in the child.
        os._exit(code)


def main() -> None:
    """Load the program and serve."""
    # A program may be of several modules. Nothing can be imported once a child is confined.
    sys.path.append(str(Path(__file__).parents[2]))

    beside = Path(__file__).with_name("confinement.py")
    confinement = cast(_Confinement, load_module(beside))
    program = cast(Program, load_module(Path(sys.argv[1])))
    program.load_libraries()
    # What is loaded stays. A collection in a child would write to its pages, and so copy them.
    gc.collect()
    gc.freeze()

    serve_requests(socket.socket(fileno=0), program, confinement)


if __name__ == "__main__":
    main()

"""The synthesiser child: one for each process, one call at a time, restarted when it is gone."""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audio.sandbox import process
from audio.sound import Sound, from_pcm16
from core.errors import Unavailable

RATE: Final = 22_050
NORMAL_RATE: Final = 175
"""The usual rate of espeak in words a minute."""
TIMEOUT_SECONDS: Final = 20.0
_COMMAND: Final = process.build_command(
    Path(__file__).with_name("espeak_child.py"), memory=2**29, cpu_seconds=30
)
_ENVIRONMENT: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
_CHUNK: Final = 2**16


class EngineUnavailable(Unavailable):
    """The synthesiser process does not answer, and a new one does not either."""

    code = "engine_unavailable"


class _ChildExited(Exception):
    """The child died or took too long. A new one may work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One order to the synthesiser.

    `voice` is espeak's name, `rate` is in words a minute, `pitch` from 0 to 99.
    """

    text: str
    voice: str
    rate: int
    pitch: int


class SynthesiserProcess:
    """Speaks through a child process.

    It is safe for threads. A process that was forked starts a child of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        atexit.register(self.close)

    def say(self, utterance: Utterance) -> Sound | None:
        """Return speech at 22 050 Hz, or None when there is no such voice.

        Raises EngineUnavailable.
        """
        order = {
            "op": "say",
            "text": utterance.text,
            "voice": utterance.voice,
            "rate": utterance.rate,
            "pitch": utterance.pitch,
        }
        answer, pcm = self._ask(order)
        return None if "error" in answer else from_pcm16(pcm, RATE)

    def voices(self) -> tuple[tuple[str, str], ...]:
        """Return language code and identifier of each audible voice.

        Raises EngineUnavailable.
        """
        answer, _ = self._ask({"op": "voices"})
        return tuple((code, name) for code, name in answer["voices"])

    def close(self) -> None:
        """End the child and collect it."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """Return the child's process id, or None while there is none."""
        return self._child.pid if self._child and self._owner == os.getpid() else None

    def _ask(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            for _attempt in (1, 2):
                try:
                    return self._exchange(order)
                except (_ChildExited, OSError):
                    self._end()

        raise EngineUnavailable("The voice engine does not answer.", retry_after=5)

    def _exchange(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        child = self._ensure_started()
        deadline = time.monotonic() + TIMEOUT_SECONDS

        text = json.dumps(order).encode()
        assert child.stdin is not None  # noqa: S101  # stdin=PIPE

        child.stdin.write(struct.pack(">I", len(text)) + text)
        child.stdin.flush()

        size = struct.unpack(">I", _read_exactly(child, 4, deadline))[0]
        answer = json.loads(_read_exactly(child, size, deadline))
        return answer, _read_exactly(child, answer.get("bytes", 0), deadline)

    def _ensure_started(self) -> subprocess.Popen[bytes]:
        # After a fork the child is the parent's, so this process needs its own.
        if self._owner != os.getpid():
            self._child = None

        if self._child is None:
            # Our own program, and text goes through the pipe, never through the command.
            self._child = subprocess.Popen(  # noqa: S603
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                bufsize=-1,
            )
            self._owner = os.getpid()

        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return

        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                # What was not yet written has no reader.
                with suppress(OSError):
                    pipe.close()


def _read_exactly(child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert child.stdout is not None  # noqa: S101  # stdout=PIPE
    descriptor = child.stdout.fileno()
    parts = []
    missing = size

    while missing:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(descriptor, min(missing, _CHUNK)) if ready else b""
        if not part:
            raise _ChildExited

        parts.append(part)
        missing -= len(part)

    return b"".join(parts)

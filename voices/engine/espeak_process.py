"""The warm synthesiser child: one a process, one call at a time, started again whenever it is
gone.
"""

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
"""espeak's words a minute when nobody asks for others."""
TIMEOUT_SECONDS: Final = 20.0
_COMMAND: Final = process.build_command(
    Path(__file__).with_name("espeak_child.py"), memory=2**29, cpu_seconds=30
)
_ENVIRONMENT: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
_CHUNK: Final = 2**16


class EngineDown(Unavailable):
    """The synthesiser process does not answer, and a fresh one does not either."""

    code = "engine_unavailable"


class _Gone(Exception):
    """The child died or overstayed; a fresh one may do better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What the synthesiser is told: `voice` as espeak names it, `rate` in words a minute, `pitch`
    from 0 to 99.
    """

    text: str
    voice: str
    rate: int
    pitch: int


class SynthesiserProcess:
    """Speaks through a child process.

    Safe for threads; a process that was forked starts a child of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        atexit.register(self.close)

    def say(self, utterance: Utterance) -> Sound | None:
        """Synthesise at 22 050 Hz; None when there is no such voice. Raises EngineDown."""
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
        """Language code and identifier of each voice that gives sound. Raises EngineDown."""
        answer, _ = self._ask({"op": "voices"})
        return tuple((code, name) for code, name in answer["voices"])

    def close(self) -> None:
        """End the child and collect it."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid if self._child and self._owner == os.getpid() else None

    def _ask(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            for _attempt in (1, 2):
                try:
                    return self._exchange(order)
                except (_Gone, OSError):
                    self._end()
        raise EngineDown("The voice engine does not answer.", retry_after=5)

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
        if self._owner != os.getpid():
            self._child = None  # the parent's child, inherited by a fork: not ours to use
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603  # our own program; text goes through the pipe, never here
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
                with suppress(OSError):  # what was still to be written has no reader any more
                    pipe.close()


def _read_exactly(child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert child.stdout is not None  # noqa: S101  # stdout=PIPE
    descriptor, parts, missing = child.stdout.fileno(), [], size
    while missing:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(descriptor, min(missing, _CHUNK)) if ready else b""
        if not part:
            raise _Gone
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)

"""A served process and its memory: questions to its verify routes, and what it holds meanwhile."""

from __future__ import annotations

import io
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from config.demo.server import find_free_port
from tests.support import processes

BOUNDARY: Final = "9b1f4c"
AUDIO: Final = Path(__file__).parent.parent / "data" / "audio"
MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedProcess:
    """The one process of a service: its port, and its memory as Linux tells it."""

    port: int
    pid: int

    def read_memory(self, name: str = "VmRSS") -> float:
        """Return the memory in MiB: `VmRSS` now, `VmHWM` at its highest. See proc(5)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]  # always there

    def reset_peak(self) -> None:
        """Begin a new `VmHWM`."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def verify(self, data: bytes, *, key: str = "", path: str = "/v1/verify") -> int:
        """Return the status of one question, or 0 when the connection was closed."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        line = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return 0
        else:
            return answer.status
        finally:
            line.close()


@contextmanager
def serve(environment: Mapping[str, str], log: Path, **settings: str) -> Iterator[ServedProcess]:
    """Run the service with these settings in a process of its own."""
    port = find_free_port()
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    chosen = {
        **environment,
        **processes.BRISK,
        "REDIS_URL": "",
        "SAYSO_PUBLIC_URL": base,
        **settings,
    }
    with processes.process(command, chosen, log) as started:
        processes.wait_until(
            lambda: started.poll() is not None or processes.answers(port), "the server"
        )
        assert started.poll() is None, log.read_text()
        yield ServedProcess(port=port, pid=started.pid)


def make_speech(seconds: float, rate: int, container: str, *, seed: int = 0) -> bytes:
    """Return speech of this length and rate as a file, with a little noise of its own."""
    some, found = soundfile.read(AUDIO / "librivox-austen-0870.wav", dtype="float32")
    count = round(seconds * rate)
    times = np.arange(count) * (found / rate) % (len(some) - 1)
    noise = np.random.default_rng(seed).normal(0, 1e-4, count)
    samples = (np.interp(times, np.arange(len(some)), some) + noise).astype(np.float32)
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=container)
    return out.getvalue()


def list_hostile_files(count: int, *, seed: int = 0) -> Iterator[bytes]:
    """Yield ordinary and broken files by turns, the same on every machine."""
    chosen = random.Random(seed)
    whole = [
        make_speech(seconds, rate, container, seed=number)
        for number, (seconds, rate, container) in enumerate(
            ((3, 16_000, "WAV"), (6, 24_000, "MP3"), (4, 48_000, "FLAC"), (9, 16_000, "OGG"))
        )
    ]
    for number in range(count):
        data = bytearray(chosen.choice(whole))
        break_file = chosen.choice(_BREAKS)
        # A byte behind the end makes each file another one, so that none is known already.
        yield bytes(break_file(data, chosen)) + number.to_bytes(4, "big")


def _leave(data: bytearray, _chosen: random.Random) -> bytearray:
    return data


def _cut(data: bytearray, chosen: random.Random) -> bytearray:
    return data[: chosen.randrange(1, len(data))]


def _flip(data: bytearray, chosen: random.Random) -> bytearray:
    for _ in range(chosen.randrange(1, 200)):
        data[chosen.randrange(len(data))] = chosen.randrange(256)
    return data


def _lie_in_head(data: bytearray, chosen: random.Random) -> bytearray:
    for place in range(4, 44):
        if chosen.random() < 0.2:
            data[place] = 255
    return data


def _fill(data: bytearray, chosen: random.Random) -> bytearray:
    start = chosen.randrange(len(data) // 2)
    data[start : start + len(data) // 4] = bytes(len(data) // 4)
    return data


def _make_noise(_data: bytearray, chosen: random.Random) -> bytearray:
    return bytearray(chosen.randbytes(chosen.randrange(1, 200_000)))


_BREAKS: Final[Sequence[Callable[[bytearray, random.Random], bytearray]]] = (
    _leave, _leave, _cut, _flip, _lie_in_head, _fill, _make_noise,
)  # fmt: skip


def ask_at_once(ask: Callable[[int], int], count: int) -> list[int]:
    """Return the statuses of `count` questions that are asked at one time."""
    heard: list[int] = [0] * count

    def run(number: int) -> None:
        heard[number] = ask(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


def fit_slope(values: Sequence[float]) -> float:
    """Return by how much the values grow from one to the next (least squares)."""
    return float(np.polyfit(np.arange(len(values)), values, 1)[0])


def settle(server: ServedProcess, *, seconds: float = 5.0) -> float:
    """Return the memory once it has stood still for a moment."""
    ends, before = time.monotonic() + seconds, -1.0
    while time.monotonic() < ends:
        now = server.read_memory()
        if abs(now - before) < 0.5:
            return now
        before = now
        time.sleep(0.2)
    return server.read_memory()

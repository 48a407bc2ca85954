"""The client of the gateway bench: raw HTTP/1.1 over kept connections, timed on its own clock."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

SECONDS: Final = 60.0
UNMARKED: Final = "ours, without marker and checks"
WHOLE: Final = "ours, whole"
DIRECT: Final = "direct"
PEER: Final = "litellm"
"""The targets of the bench, as its tables name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One way to the same 100 kB: directly, through ours, through a competitor.

    `requests` are sent by turns.
    """

    name: str
    port: int
    requests: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Milliseconds to the first byte of the body and to its end, and the calls a second."""

    first: tuple[float, ...] = field(repr=False)
    whole: tuple[float, ...] = field(repr=False)
    rate: float
    failed: int


def build_request(path: str, key: str, body: bytes) -> bytes:
    """Return a POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load_target(target: Target, *, clients: int, calls: int) -> Taken:
    """Send `calls` requests from so many clients, each of which waits for its answer."""
    left, first, whole, failed = calls, list[float](), list[float](), 0

    async def ask() -> None:
        nonlocal left, failed
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**20)
        try:
            while left > 0:
                left -= 1
                began = time.perf_counter()
                writer.write(target.requests[left % len(target.requests)])
                try:
                    async with asyncio.timeout(SECONDS):
                        came = await _read_answer(reader)
                except (OSError, EOFError, TimeoutError, ValueError):
                    failed += 1
                    writer.close()
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", target.port, limit=2**20
                    )
                    continue
                first.append(1000 * (came - began))
                whole.append(1000 * (time.perf_counter() - began))
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(clients)))
    return Taken(
        first=tuple(first),
        whole=tuple(whole),
        rate=len(whole) / (time.perf_counter() - began),
        failed=failed,
    )


async def _read_answer(reader: asyncio.StreamReader) -> float:
    """Read one answer to its end, and return when its first byte came.

    Raises ValueError for any status but 200.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length:" in head:
        left = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        data = await reader.readexactly(min(left, 1))
        came = time.perf_counter()
        await reader.readexactly(left - len(data))
    else:
        came = await _read_chunks(reader)
    if status != 200:
        raise ValueError(status)

    return came


async def _read_chunks(reader: asyncio.StreamReader) -> float:
    came = 0.0
    while size := int(await reader.readline(), 16):
        await reader.readexactly(1)
        came = came or time.perf_counter()
        await reader.readexactly(size + 1)
    await reader.readline()
    return came

"""Fifty streams of a provider at once: what is held while they run, and how fast they are cut.

The provider speaks at the pace of speech. Beside ours runs the same without anything between, and
one server of ours without the marker. A suspension stands for a withdrawal: it raises the same
epoch. The cut is timed from the return of its commit to the last byte of each stream.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import django
import uvloop

from bench.gateway_client import Target
from bench.table import Row, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
CROWD: Final = 50
CUTS: Final = 3
SECONDS: Final = float(os.environ.get("SAYSO_BENCH_SECONDS", "600"))
CUT_MS: Final = 250.0
AFTER_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 30.0
"""Until a connection that was cut is closed on a machine that is busy with the others."""
APART_SECONDS: Final = float(os.environ.get("SAYSO_BENCH_APART", "0.2"))
HEAD: Final = 4_000
"""More bytes than a head or an error has."""


@dataclass(slots=True)
class Listened:
    """What one client heard: when each part came, and whether the end was one."""

    times: list[float] = field(default_factory=list)
    size: int = 0
    is_whole: bool = False
    is_over: bool = False

    @property
    def gaps(self) -> list[float]:
        """The milliseconds between the parts."""
        return [1000 * (b - a) for a, b in zip(self.times, self.times[1:], strict=False)]


def main() -> int:
    """Print the table. The exit code is 1 when a target was missed."""
    django.setup()
    from bench.gateway_case import run_streams, suspend_consents  # noqa: PLC0415 - Django comes first

    uvloop.install()
    load = os.getloadavg()[0]
    with run_streams() as (direct, ours, server):
        rows = asyncio.run(_measure_cuts(ours, suspend_consents))
        rows += asyncio.run(_measure_run(direct, ours, server))

    print(show(rows))
    print(f"\nload {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end")
    return 0 if all(row.met is not False for row in rows) else 1


async def listen(target: Target, number: int, heard: Listened, *, seconds: float) -> None:
    """Read one stream until its end, its break, or for so long."""
    # Begun all at once they would wait for their one consent, and some be told to come again.
    await asyncio.sleep(number * APART_SECONDS)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(target.requests[number % len(target.requests)])
    try:
        async with asyncio.timeout(seconds):
            while data := await reader.read(2**16):
                heard.times.append(time.perf_counter())
                heard.size += len(data)
                heard.is_whole = data.endswith(b"0\r\n\r\n")
    except (OSError, TimeoutError):
        pass
    finally:
        heard.is_over = True
        writer.close()


async def _measure_cuts(target: Target, suspend: object) -> list[Row]:
    assert callable(suspend)
    last: list[float] = []
    for _ in range(CUTS):
        heard = [Listened() for _ in range(CROWD)]
        running = [
            asyncio.create_task(listen(target, number, one, seconds=120))
            for number, one in enumerate(heard)
        ]
        while not all(one.size > HEAD or one.is_over for one in heard):
            await asyncio.sleep(0.05)
        assert not any(task.done() for task in running), "a stream ended before the cut"

        committed, resume = await asyncio.to_thread(suspend)
        await asyncio.wait(running, timeout=CLOSE_SECONDS)
        assert all(task.done() for task in running), "a stream goes on"
        assert not any(one.is_whole for one in heard), "a stream was taken for whole"
        last += [1000 * max(0.0, one.times[-1] - committed) for one in heard]
        await asyncio.to_thread(resume)

    last.sort()
    p99 = last[int(0.99 * len(last))]
    return [
        Row(
            name=f"from the commit of a revocation to the last byte, {CROWD} running, "
            f"{len(last)} cuts: p50, p99",
            measured=f"{statistics.median(last):.0f}, {p99:.0f} ms",
            wanted=f"p99 {CUT_MS:.0f} ms",
            met=p99 <= CUT_MS,
        )
    ]


async def _measure_run(direct: Target, ours: Target, server: int) -> list[Row]:
    """Let fifty streams run at once through ours and beside it, and look at gaps and memory."""
    heard = {name: [Listened() for _ in range(CROWD)] for name in ("direct", "ours")}
    running = [
        asyncio.create_task(listen(target, number, one, seconds=SECONDS))
        for target, name in ((direct, "direct"), (ours, "ours"))
        for number, one in enumerate(heard[name])
    ]
    await asyncio.sleep(SECONDS / 4)
    early = _read_memory(server)
    await asyncio.wait(running)
    late = _read_memory(server)

    gaps = {
        name: sorted(gap for one in all_of for gap in one.gaps) for name, all_of in heard.items()
    }
    p99 = {name: each[int(0.99 * len(each))] for name, each in gaps.items()}
    ended = sum(time.perf_counter() - one.times[-1] > AFTER_SECONDS for one in heard["ours"])
    return [
        Row(
            name=f"{CROWD} streams for {SECONDS:.0f} s: those that were silent at the end",
            measured=f"{ended}",
            wanted="0",
            met=ended == 0,
        ),
        Row(
            name="gap between parts: p50, p99, of the same direct",
            measured=f"{statistics.median(gaps['ours']):.0f}, {p99['ours']:.0f} ms; "
            f"{statistics.median(gaps['direct']):.0f}, {p99['direct']:.0f} ms",
            wanted="p99 at most twice direct",
            met=p99["ours"] <= 2 * p99["direct"],
        ),
        Row(
            name="memory of the server after a quarter of the time, and at the end",
            measured=f"{early:.0f}, {late:.0f} MiB",
            wanted="flat: 10 % more at most",
            met=late <= 1.1 * early,
        ),
    ]


def _read_memory(process: int) -> float:
    """Return the resident MiB of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())

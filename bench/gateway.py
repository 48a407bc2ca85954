"""The gateway beside nothing and beside a competitor: what our gate adds to 100 kB of speech.

Client, provider, competitor (litellm's proxy) and two servers of ours run on this machine at once
and are asked by turns. One of ours has its marker and the checks of the sound replaced by functions
that return their input. The competitor checks no consent, hashes nothing and logs nothing.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import django
import uvloop

from bench.gateway_client import DIRECT, PEER, UNMARKED, WHOLE, Taken, Target, load_target
from bench.table import Row, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
ROUNDS: Final = int(os.environ.get("SAYSO_BENCH_ROUNDS", "5"))
CALLS: Final = {1: 40, 16: 160, 64: 192}
STREAMS: Final = {1: 4, 50: 50}
Found = dict[tuple[str, int], list[Taken]]


def main() -> int:
    """Print both tables. The exit code is 1 when a target was missed."""
    django.setup()
    from bench.gateway_case import run_servers  # noqa: PLC0415 - Django must be set up first

    uvloop.install()
    load = os.getloadavg()[0]
    with run_servers() as servers:
        files = asyncio.run(measure(servers.files, CALLS))
        streams = asyncio.run(measure(servers.streams, STREAMS))

    found = [*describe_files(files), *describe_streams(streams)]
    print(show(found))
    print(f"\nload {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end")
    return 0 if all(row.met is not False for row in found) else 1


async def measure(targets: Sequence[Target], crowds: dict[int, int]) -> Found:
    """Ask every target in every round, each round beginning with another one."""
    found: Found = defaultdict(list)
    for target in targets:
        await load_target(target, clients=4, calls=16)

    for number in range(ROUNDS):
        for clients, calls in crowds.items():
            turned = [*targets[number % len(targets) :], *targets[: number % len(targets)]]
            for target in turned:
                taken = await load_target(target, clients=clients, calls=calls)
                found[target.name, clients].append(taken)
    return found


def describe_files(found: Found) -> Iterator[Row]:
    """Yield a row for each number of whole answers."""
    for clients in CALLS:
        for name in (DIRECT, PEER, UNMARKED, WHOLE):
            taken = found[name, clients]
            failed = sum(one.failed for one in taken)
            yield Row(
                name=f"{name}, c={clients}",
                measured=f"p50 {p50(taken):.1f} ms, p99 {p99(taken):.1f} ms, "
                f"{rate(taken):.0f}/s" + (f", {failed} failed" if failed else ""),
            )

    added = p50(found[UNMARKED, 1]) - p50(found[DIRECT, 1])
    peer = p50(found[PEER, 1]) - p50(found[DIRECT, 1])
    yield Row(
        name="added p50, c=1, without marking",
        measured=f"{added:.1f} ms",
        wanted=f"8 ms first, then 2, and below litellm's {peer:.1f}",
        met=added <= min(2.0, peer),
    )
    for clients in CALLS:
        ours = p99(found[UNMARKED, clients]) - p99(found[DIRECT, clients])
        theirs = p99(found[PEER, clients]) - p99(found[DIRECT, clients])
        yield Row(
            name=f"added p99, c={clients}, without marking",
            measured=f"{ours:.1f} ms",
            wanted=f"litellm's {theirs:.1f} ms",
            met=ours <= theirs,
        )
    ours, theirs = rate(found[UNMARKED, 16]), rate(found[PEER, 16])
    yield Row(
        name="requests a second, c=16, without marking",
        measured=f"{ours:.0f}",
        wanted=f"1,000, and five times litellm's {theirs:.0f}",
        met=ours >= max(1000, 5 * theirs),
    )


def describe_streams(found: Found) -> Iterator[Row]:
    """Yield a row for each number of streams."""
    wanted = {1: 3.0, 50: 15.0}
    for clients, most in wanted.items():
        direct = first50(found[DIRECT, clients])
        for name in (PEER, UNMARKED, WHOLE):
            added = first50(found[name, clients]) - direct
            is_held = name == UNMARKED
            yield Row(
                name=f"{name}: first byte of a stream added, {clients} at once, p50",
                measured=f"{added:.1f} ms",
                wanted=f"{most:.0f} ms" if is_held else "",
                met=added <= most if is_held else None,
            )


def p50(taken: list[Taken]) -> float:
    """Return the median of the rounds' medians to the last byte."""
    return statistics.median(statistics.median(one.whole) for one in taken if one.whole)


def p99(taken: list[Taken]) -> float:
    """Return the median of the rounds' 99th percentiles to the last byte."""
    return statistics.median(
        sorted(one.whole)[min(len(one.whole) - 1, int(0.99 * len(one.whole)))]
        for one in taken
        if one.whole
    )


def first50(taken: list[Taken]) -> float:
    """Return the median of the rounds' medians to the first byte."""
    return statistics.median(statistics.median(one.first) for one in taken if one.first)


def rate(taken: list[Taken]) -> float:
    """Return the median of the rounds' calls a second."""
    return statistics.median(one.rate for one in taken)


if __name__ == "__main__":
    sys.exit(main())

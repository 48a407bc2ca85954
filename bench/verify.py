"""The cost of a call of `/verify`, by the length of the file and the number of watermark keys.

`python -m bench.verify [--keys N ...]` fills the data folder that the environment names.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

# One core, as in a web worker. NumPy reads this when it is loaded.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import numpy as np

django.setup()

from django.core.management import call_command

from accounts import provisioning
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from bench.corpus import RECORDINGS, read_recording
from bench.table import Row, show
from provenance import verification
from provenance.clips import watermark_keys
from provenance.models import MarkKey
from provenance.verification import finding_cache

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECONDS: Final = (7, 60, 300)
KEYS: Final = (1, 10, 100, 1_000)
TARGET: Final = 2.0


def speech(seconds: int) -> bytes:
    """Return unmarked speech of that many seconds as FLAC."""
    # Nothing is found in it, so every layer does all of its work.
    some = read_recording((RECORDINGS / "librivox-austen-0870.wav").read_bytes())
    samples = np.tile(some.samples, -(-seconds * some.rate // some.samples.size))[
        : seconds * some.rate
    ]
    return encode_sound(Sound(samples, some.rate), Output(codec="flac", sample_rate_hz=16_000))


def grow(count: int) -> None:
    """Make organisations with a key each, up to that many."""
    for number in range(MarkKey.objects.count(), count):
        organisation = provisioning.create_organisation(
            name=f"Bench {number}", at=NOON, reached_at="voices@bench.example"
        )
        watermark_keys.get_current_key(organisation.id, at=NOON)


def rows(keys: Iterable[int]) -> Iterable[Row]:
    """Yield the processor time of one call with its decoding in the child, the best of two."""
    for count in keys:
        grow(count)
        began = time.process_time()
        watermark_keys.list_watermark_keys()
        yield Row(
            name=f"reading {count} keys", measured=f"{1000 * (time.process_time() - began):.0f} ms"
        )

        for seconds in SECONDS if count <= 10 else SECONDS[:2]:
            # The first learns the patterns of new keys.
            taken = min(_timed(speech(seconds)) for _ in range(2))
            wanted = count <= 10 and seconds == SECONDS[0]
            yield Row(
                name=f"{seconds} s of foreign speech, {count} keys",
                measured=f"{taken:.2f} s",
                wanted=f"<= {TARGET:.0f} s" if wanted else "",
                met=taken <= TARGET if wanted else None,
            )


def _timed(data: bytes) -> float:
    finding_cache.FINDINGS.clear()  # a file that comes again costs nothing
    began = sum(os.times()[:4])
    verification.verify(data)
    return sum(os.times()[:4]) - began


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.verify")
    parser.add_argument("--keys", type=int, nargs="*", default=KEYS)
    call_command("migrate", verbosity=0)
    table = []
    for row in rows(sorted(parser.parse_args().keys)):
        print(row.name, row.measured, file=sys.stderr, flush=True)
        table.append(row)

    print(show(table))
    return int(any(row.met is False for row in table))


if __name__ == "__main__":
    sys.exit(main())

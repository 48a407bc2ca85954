"""Sync speech end to end, in seconds per second of audio, by stage.

The stages are gate, built-in engine, mark, self-check, mp3 and log. The service's own function is
called on PostgreSQL, as the request thread calls it. Stages are timed by wrapping the functions
that the pipeline calls. The rest is what remains, such as reading rows and unsealing the profile.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import Final

import django

from bench.profiling import Stages
from bench.table import Row, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SENTENCE: Final = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another, as "
    "they always had been."
)
ROUNDS: Final = 12
WANTED: Final = 0.25


def rows() -> list[Row]:
    """Measure, and return one row for the whole call and one for each stage."""
    from bench.speech_case import Case  # noqa: PLC0415 - Django must be set up first

    case = Case.make()

    # The first call starts the synthesiser's child, calibrates, and makes keys.
    case.speak(SENTENCE)
    whole: list[float] = []
    seconds, processor = 0.0, time.process_time()
    stages = Stages(case.stages())
    with stages.timed():
        for _ in range(ROUNDS):
            stages.round()
            began = time.perf_counter()
            seconds = case.speak(SENTENCE)
            whole.append(time.perf_counter() - began)

    processor = (time.process_time() - processor) / ROUNDS
    median = statistics.median(whole)
    ratio = median / seconds
    found = [
        Row(
            name=f"sync speech, {seconds:.1f} s of mp3, end to end",
            measured=f"{ratio:.3f} s per s ({median * 1000:.0f} ms)",
            wanted=f"at most {WANTED} s per s",
            met=ratio <= WANTED,
        ),
        Row(
            name="processor time of this process (more than the clock: threads)",
            measured=f"{processor * 1000:.0f} ms",
        ),
    ]
    parts = stages.medians()
    for name, spent in parts.items():
        found.append(Row(name=f"- {name}", measured=f"{spent * 1000:.1f} ms"))

    rest = median - sum(parts.values())
    return [*found, Row(name="- the rest", measured=f"{rest * 1000:.1f} ms")]


if __name__ == "__main__":
    django.setup()
    found = rows()
    print(show(found))
    sys.exit(0 if all(row.met is not False for row in found) else 1)

"""Texts that no one meant to have spoken, given to the form and to the engine.

`python -m bench.texts [--count N] [--seed S]` speaks each of them with espeak-ng in confined
children, in one of the engine's languages after the other. What the form refuses is spoken all the
same: other callers may one day have no form. The exit code is 1 if one text was the service's
fault.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import engine
from bench.table import Row, show
from tests.support.strange_texts import KINDS, list_strange_texts
from tests.support.text_trials import TextTrials, count_in_engine, try_text

COUNT = 10_000
SEED = 7
THREADS = 2


def rows(count: int, seed: int) -> Iterator[Row]:
    """Speak all texts, and yield what became of them."""
    sandbox, trials = count_in_engine(), TextTrials()
    languages = itertools.cycle(sorted(engine.list_languages()))
    began = time.monotonic()
    texts = (text for _kind, text in list_strange_texts(count, seed=seed))
    with ThreadPoolExecutor(THREADS) as pool:
        for outcome in pool.map(try_text, texts, languages):
            trials.add(outcome)
            if trials.texts % 500 == 0:
                print(f"{trials.texts} texts, {sandbox.ended} ended", file=sys.stderr, flush=True)

    took = time.monotonic() - began
    yield Row(
        name=f"texts of {len(KINDS)} kinds in all languages",
        measured=f"{trials.texts}, {trials.seconds / 3600:.1f} h of sound in {took:.0f} s",
    )
    for code, times in trials.refused.most_common():
        yield Row(name=f"refused by the form: 422 `{code}`", measured=str(times))
    for said, times in trials.answers.most_common():
        yield Row(name=f"engine: {said}", measured=str(times))
    yield Row(name="children that a text ended", measured=str(sandbox.ended))
    yield Row(name="texts that ended two", measured=str(len(trials.ended_two)))
    for text in trials.ended_two:
        print(f"ended two: {text!r}", file=sys.stderr, flush=True)
    for fault in trials.faults[:20]:
        yield Row(name="fault", measured=fault)
    faults = len(trials.faults)
    yield Row(name="errors of the service", measured=str(faults), wanted="0", met=faults == 0)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.texts")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    table = list(rows(options.count, options.seed))
    print(show(table))
    return int(any(row.met is False for row in table))


if __name__ == "__main__":
    sys.exit(main())

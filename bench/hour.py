"""Memory and time of reading an hour of sound: `python -m bench.hour [--minutes 60]`.

The sound is repeated speech of the corpus at changing levels, at 16 kHz, with one marked clip of
three seconds in it. `detect` and `segments` each run in their own process, so that the peak is
theirs. It includes the recording itself. The exit code is 1 over 300 MiB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import numpy as np

from bench.corpus import clips
from bench.table import Row, show
from watermark import detect, embed, find_segments
from watermark.speech.parameters import SPEECH_1, Samples

KEY, TOKEN, MARGIN_DB = bytes(range(32)), 0xC0FFEE42, 0.7
LIMIT_MIB = 300
# The share of the recording before the marked clip.
PLACE = 0.7


def recording(minutes: float) -> Samples:
    """Return this many minutes of speech at changing levels, with a marked clip in it."""
    rate = SPEECH_1.rate
    spoken = [clip.sound.resample(rate).samples for clip in clips(6.0, 24)]
    levels = np.random.default_rng(8).uniform(0.2, 1.0, 24).astype(np.float32)
    tile = np.concatenate([level * samples for level, samples in zip(levels, spoken, strict=True)])
    whole = np.resize(tile, round(60 * minutes * rate))
    host = spoken[5][: 3 * rate]
    start = int(PLACE * (whole.size - host.size))
    whole[start : start + host.size] = embed(host, rate, token=TOKEN, key=KEY, margin_db=MARGIN_DB)
    return whole


def read(verb: str, path: str) -> int:
    """Read the file and print what was found, seconds of processor, and the peak in MiB."""
    samples, began = np.load(path), time.process_time()

    if verb == "detect":
        reading = detect(samples, SPEECH_1.rate, key=KEY)
        found = [] if reading is None else [reading.token]
    else:
        found = [segment.token for segment in find_segments(samples, SPEECH_1.rate, keys={"": KEY})]

    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(f"{found == [TOKEN]} {time.process_time() - began:.1f} {peak / 1024:.0f}\n")
    return 0


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.hour")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--read", nargs=2, metavar=("VERB", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        return read(*options.read)

    rows = []
    with_sound = Path(f"/tmp/bench-hour-{os.getpid()}.npy")  # noqa: S108  # a file of this process, removed below
    try:
        np.save(with_sound, recording(options.minutes))
        for verb in ("detect", "segments"):
            command = [sys.executable, "-m", "bench.hour", "--read", verb, str(with_sound)]
            right, seconds, peak = subprocess.run(
                command, check=True, capture_output=True, text=True
            ).stdout.split()
            measured = (
                f"{peak} MiB, {seconds} s, the clip {'found' if right == 'True' else 'missed'}"
            )
            met = int(peak) <= LIMIT_MIB and right == "True"
            name = f"{verb}, {options.minutes:g} min at 16 kHz"
            rows.append(Row(name=name, measured=measured, wanted=f"<= {LIMIT_MIB} MiB", met=met))
    finally:
        with_sound.unlink(missing_ok=True)

    sys.stdout.write(show(rows) + "\n")
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())

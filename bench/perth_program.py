"""Perth's mark, for `bench.foreign_mark`: this runs in an environment of its own.

`python perth_program.py write IN OUT` puts Perth's implicit mark into every WAV of a folder.
`python perth_program.py read FOLDER` prints its confidence in each, as JSON by file name.
`python perth_program.py quality BEFORE AFTER` prints the wide-band PESQ of each pair.

It needs `requirements/foreign_mark.txt` and nothing of ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
from perth.perth_net.perth_net_implicit.perth_watermarker import PerthImplicitWatermarker
from pesq import pesq

PESQ_RATE = 16_000


def read_sound(path: Path) -> tuple[Any, int]:
    """Return the samples and the rate of a WAV."""
    samples, rate = soundfile.read(path, dtype="float32")
    return samples, rate


def write_marks(folder: Path, target: Path) -> None:
    """Mark every WAV of a folder."""
    perth = PerthImplicitWatermarker()
    for path in sorted(folder.glob("*.wav")):
        samples, rate = read_sound(path)
        marked = np.asarray(perth.apply_watermark(samples, sample_rate=rate), dtype=np.float32)
        soundfile.write(target / path.name, marked, rate, subtype="FLOAT")


def read_marks(folder: Path) -> dict[str, float]:
    """Return how sure Perth is of its mark in each file, from 0 to 1."""
    perth = PerthImplicitWatermarker()
    found = {}
    for path in sorted(folder.glob("*.wav")):
        samples, rate = read_sound(path)
        read = perth.get_watermark(samples, sample_rate=rate, round=False)
        found[path.name] = float(np.mean(read))

    return found


def measure_quality(before: Path, after: Path) -> dict[str, float]:
    """Return the PESQ of each file of `after` against the one of the same name in `before`."""
    found = {}
    for path in sorted(after.glob("*.wav")):
        pair = []
        for folder in (before, after):
            samples, rate = read_sound(folder / path.name)
            pair.append(librosa.resample(samples, orig_sr=rate, target_sr=PESQ_RATE))

        size = min(len(one) for one in pair)
        found[path.name] = float(pesq(PESQ_RATE, pair[0][:size], pair[1][:size], "wb"))

    return found


def main(what: str, *folders: str) -> None:
    """Do what was asked, and print it."""
    paths = [Path(folder) for folder in folders]
    match what:
        case "write":
            write_marks(*paths)
        case "read":
            print(json.dumps(read_marks(*paths)))
        case "quality":
            print(json.dumps(measure_quality(*paths)))
        case _:
            raise SystemExit(f"unknown: {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])

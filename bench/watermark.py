"""The speech watermark: exact tokens by length and attack, quality, time, memory, false accepts.

`python -m bench.watermark [--quick | --count N] [--seconds 2 3 5 8]` needs espeak-ng, flite and
ffmpeg, and PESQ (`make .venv/.bench`). It takes 300 clips of each length, and with `--quick` 24.
The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from provenance.clips.errors import MarkFailed

# One core, as in a web worker. NumPy reads this when it is loaded.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import numpy as np
import soundfile

# Marking needs models for the audiowmark layer.
django.setup()

from audio.encoding import Output
from audio.sound import Sound
from bench.attacks import ATTACKS, WANTED
from bench.corpus import Clip, clips
from bench.speech_quality import describe_margins, measure_pesq
from bench.table import Row, show
from provenance.clips.verified_marking import Marked, mark_sound
from watermark import detect

KEY = bytes(range(32))
WRONG_KEY = bytes(range(1, 33))
IDENTITY_SECONDS = 8.0
# Attacks on unmarked clips before they are read. Marked clips are read with a wrong key.
UNMARKED = ("clean", "mp3 64k", "opus 24k", "mu-law", "noise 20 dB")


@dataclass(slots=True, kw_only=True)
class Tally:
    """The results of all clips of one length."""

    seconds: float
    clips: int = 0
    human: int = 0
    refused: list[str] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    identities: Counter[str] = field(default_factory=Counter)
    quality: list[float] = field(default_factory=list)
    margins: Counter[int] = field(default_factory=Counter)
    mark_cpu: float = 0.0
    detect_cpu: list[float] = field(default_factory=list)
    none_cpu: list[float] = field(default_factory=list)
    false: int = 0
    pairs: int = 0

    @property
    def marked(self) -> int:
        return self.clips - len(self.refused)


def measure(tally: Tally, clip: Clip, index: int) -> None:
    """Mark one clip, and try every attack on it."""
    token = (0x9E3779B9 * (index + 1)) & 0xFFFFFFFF
    identity = pow(3, index + 100, 1 << 128)
    tally.clips += 1
    tally.human += clip.human
    began = time.process_time()

    try:
        output = Output(codec="wav", sample_rate_hz=clip.sound.rate)
        marked = mark_sound(clip.sound, token=token, key=KEY, output=output, identity=identity)
    except MarkFailed as error:
        tally.refused.append(f"{clip.name}: {error.facts['reason']}")
        return
    finally:
        tally.mark_cpu += time.process_time() - began

    tally.margins[marked.margin_milli_db] += 1
    tally.quality.append(measure_pesq(clip.sound, marked.sound))

    for name in WANTED[tally.seconds]:
        sound = ATTACKS[name](marked.sound)
        began = time.process_time()
        reading = detect(sound.samples, sound.rate, key=KEY)
        if name == "clean":
            tally.detect_cpu.append(time.process_time() - began)

        tally.read[name] += reading is not None and reading.token == token
        tally.identities[name] += reading is not None and reading.identity == identity

    for sound, key in _strangers(clip, marked):
        began = time.process_time()
        tally.false += detect(sound.samples, sound.rate, key=key) is not None
        tally.none_cpu.append(time.process_time() - began)
        tally.pairs += 1


def _strangers(clip: Clip, marked: Marked) -> Iterator[tuple[Sound, bytes]]:
    for name in UNMARKED:
        yield ATTACKS[name](clip.sound), KEY

    yield marked.sound, WRONG_KEY


def rows(tallies: list[Tally]) -> Iterable[Row]:
    """Yield the rows of the table."""
    for tally in tallies:
        yield from _build_rows(tally)

    pairs, false = sum(tally.pairs for tally in tallies), sum(tally.false for tally in tallies)
    yield Row(
        name="false accepts, unmarked or wrong key",
        measured=f"{false} of {pairs}",
        wanted="0",
        met=false == 0,
    )
    for verb, peak in memory().items():
        name = f"`manage.py watermark {verb}`, a clip of 8 s: peak memory, Django and all"
        yield Row(name=name, measured=f"{peak:.0f} MiB", wanted="<= 150 MiB", met=peak <= 150)


def memory() -> dict[str, float]:
    """Return the peak memory in MiB of the commands that mark a clip and read its mark."""
    with tempfile.TemporaryDirectory() as folder:
        host, marked = Path(folder) / "host.wav", Path(folder) / "marked.wav"
        sound = clips(8.0, 2)[1].sound
        soundfile.write(host, sound.samples, sound.rate)
        words = {"embed": ["--token", "c0ffee42", str(host), str(marked)], "detect": [str(marked)]}
        return {
            verb: _measure_peak([sys.executable, "manage.py", "watermark", verb, *rest])
            for verb, rest in words.items()
        }


def _measure_peak(command: list[str]) -> float:
    """Return the peak memory of a command in MiB."""
    # The high water mark of the kernel is read until the end, because the one of `wait4` begins
    # with the parent's.
    running, peak = subprocess.Popen(command, stdout=subprocess.DEVNULL), 0.0
    status = Path(f"/proc/{running.pid}/status")

    while running.poll() is None:
        marks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = float(marks[0].split()[1]) / 1024 if marks else peak
        time.sleep(0.005)

    assert running.returncode == 0, command
    return peak


def _build_rows(tally: Tally) -> Iterator[Row]:
    length = f"{tally.seconds:g} s"
    yield Row(name=f"{length}: clips", measured=f"{tally.clips} ({tally.human} of people)")
    yield Row(name=f"{length}: refused", measured=", ".join(tally.refused) or "none")

    for name, share in WANTED[tally.seconds].items():
        read = tally.read[name]
        met = read >= share * tally.marked
        measured = f"{read} of {tally.marked} ({read / tally.marked:.1%})"
        yield Row(name=f"{length}: {name}", measured=measured, wanted=f"{share:.0%}", met=met)

    if tally.seconds >= IDENTITY_SECONDS:
        measured = ", ".join(f"{name} {tally.identities[name]}" for name in WANTED[tally.seconds])
        yield Row(name=f"{length}: all 128 bits, of {tally.marked}", measured=measured)

    quality = np.array(tally.quality)
    tenth = float(np.percentile(quality, 10))
    measured = f"mean {quality.mean():.2f}, p10 {tenth:.2f}, min {quality.min():.2f}"
    met = bool(quality.mean() >= 4.3) and tenth >= 4.0
    yield Row(name=f"{length}: PESQ-WB", measured=measured, wanted="mean 4.3, p10 4.0", met=met)
    yield Row(name=f"{length}: margins", measured=describe_margins(tally.margins))
    yield _pace(
        f"{length}: mark with self-check", tally.seconds * tally.clips / tally.mark_cpu, wanted=20
    )
    yield _pace(f"{length}: read, marked", tally.seconds / median(tally.detect_cpu), wanted=100)
    yield _pace(f"{length}: read, nothing there", tally.seconds / mean(tally.none_cpu), wanted=None)


def _pace(name: str, times: float, *, wanted: int | None) -> Row:
    """Return the row of a speed in units of real time, by processor time of one core."""
    if wanted is None:
        return Row(name=name, measured=f"{times:.0f} x real time")

    return Row(
        name=name, measured=f"{times:.0f} x real time", wanted=f"{wanted} x", met=times >= wanted
    )


def main() -> int:
    """Measure clip by clip in this process, print the table, and return 1 for a missed target."""
    parser = argparse.ArgumentParser(prog="python -m bench.watermark")
    parser.add_argument("--count", type=int, default=300, help="clips of each length")
    parser.add_argument("--quick", action="store_true", help="24 clips of each length")
    parser.add_argument(
        "--seconds", type=float, nargs="+", default=list(WANTED), choices=list(WANTED)
    )
    options = parser.parse_args()
    tallies = []

    for seconds in options.seconds:
        tally = Tally(seconds=seconds)
        for index, clip in enumerate(clips(seconds, 24 if options.quick else options.count)):
            measure(tally, clip, index)
            print(f"\r{seconds:g} s: {index + 1} clips", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        tallies.append(tally)

    table = list(rows(tallies))
    print(show(table))
    return int(any(row.met is False for row in table))


if __name__ == "__main__":
    sys.exit(main())

"""Our mark in speech that carries another's: Perth, the only foreign mark whose reader a registry
ships.

    python -m venv /tmp/perth
    /tmp/perth/bin/pip install --require-hashes -r requirements/foreign_mark.txt
    python -m bench.foreign_mark /tmp/perth/bin/python

Not part of `make bench` nor of CI: it takes six gigabytes. Real and synthetic clips of 3 and 6 s
are marked by Perth, then by us as a provider's answer would be. Each mark is read before and
after the other one, also after MP3, and in speech that never had it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import django
import numpy as np
import soundfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
django.setup()

import watermark
from audio import decoding, encoding
from audio.encoding import Output
from audio.sound import Sound
from bench.corpus import clips
from bench.table import Row, show
from provenance.clips import verified_marking
from provenance.clips.errors import MarkFailed

KEY: Final = bytes(range(32))
TOKEN: Final = 0x5A17_0C35
SECONDS: Final = (3.0, 6.0)
COUNT: Final = 8
CERTAIN: Final = 0.5
"""Perth's own rounding: from here on its mark is there."""
PROGRAM: Final = Path(__file__).with_name("perth_program.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The stages of the clips: `plain`, Perth's mark, ours, and both, whole and as MP3."""

    plain: Path
    perth: Path
    ours: Path
    both: Path
    both_mp3: Path


def make_folders(home: Path) -> Folders:
    """Make a folder for each stage."""
    made = Folders(**{name: home / name for name in Folders.__slots__})
    for name in Folders.__slots__:
        getattr(made, name).mkdir()

    return made


def write_plain(folder: Path, seconds: float) -> None:
    """Write the clips of one length."""
    for number, clip in enumerate(clips(seconds, COUNT)):
        soundfile.write(
            folder / f"{number:03}.wav", clip.sound.samples, clip.sound.rate, subtype="FLOAT"
        )


def mark_folder(folder: Path, target: Path, mp3: Path | None = None) -> int:
    """Mark every file as the product marks a clip, and return how many could not be marked."""
    failed = 0
    for path in sorted(folder.glob("*.wav")):
        sound = _read(path)
        try:
            marked = verified_marking.mark_sound(
                sound, token=TOKEN, key=KEY, output=Output(codec="wav", sample_rate_hz=sound.rate)
            )
        except MarkFailed:
            failed += 1
            continue

        soundfile.write(
            target / path.name, marked.sound.samples, marked.sound.rate, subtype="FLOAT"
        )
        if mp3 is not None:
            output = encoding.check_output(Output(codec="mp3"))
            data = encoding.encode_sound(marked.sound, output)
            heard = decoding.decode_trusted(data, "mp3", rate=output.sample_rate_hz or 0)
            soundfile.write(mp3 / path.name, heard.samples, heard.rate, subtype="FLOAT")

    return failed


def count_ours(folder: Path) -> str:
    """Return in how many files our mark is read."""
    files = sorted(folder.glob("*.wav"))
    found = 0
    for path in files:
        sound = _read(path)
        read = watermark.detect(sound.samples, sound.rate, key=KEY)
        found += read is not None and read.token == TOKEN

    return f"{found} of {len(files)}"


def ask_perth(python: str, what: str, *folders: Path) -> dict[str, float]:
    """Run Perth's program in its own environment."""
    done = subprocess.run(
        [python, PROGRAM, what, *folders], capture_output=True, check=True, text=True
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1]) if what != "write" else {}
    return told


def measure_length(python: str, seconds: float, home: Path) -> list[Row]:
    """Return the rows of clips of one length."""
    folders = make_folders(home)
    write_plain(folders.plain, seconds)
    ask_perth(python, "write", folders.plain, folders.perth)
    alone = mark_folder(folders.plain, folders.ours)
    stacked = mark_folder(folders.perth, folders.both, folders.both_mp3)

    stages = ("plain", "perth", "ours", "both", "both_mp3")
    ours = {name: count_ours(getattr(folders, name)) for name in stages}
    perth = {name: ask_perth(python, "read", getattr(folders, name)) for name in stages}
    length = f"{seconds:g} s"
    return [
        Row(
            name=f"{length}: not marked by us, alone and after Perth",
            measured=f"{alone}, {stacked}",
        ),
        Row(
            name=f"{length}: our mark read: plain, Perth's alone, ours alone, both, both as MP3",
            measured=", ".join(ours[name] for name in stages),
        ),
        Row(
            name=f"{length}: Perth's mark read, the same",
            measured=", ".join(_count_certain(perth[name]) for name in stages),
        ),
        Row(
            name=f"{length}: PESQ of Perth's alone, ours alone, ours over Perth's, both over plain",
            measured=", ".join(
                _describe(ask_perth(python, "quality", before, after))
                for before, after in (
                    (folders.plain, folders.perth),
                    (folders.plain, folders.ours),
                    (folders.perth, folders.both),
                    (folders.plain, folders.both),
                )
            ),
        ),
    ]


def _count_certain(found: Mapping[str, float]) -> str:
    return f"{sum(value >= CERTAIN for value in found.values())} of {len(found)}"


def _describe(found: Mapping[str, float]) -> str:
    return f"{median(found.values()):.2f} ({min(found.values()):.2f})" if found else "none"


def _read(path: Path) -> Sound:
    samples, rate = soundfile.read(path, dtype="float32")
    return Sound(np.asarray(samples, dtype=np.float32), rate)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.foreign_mark")
    parser.add_argument("python", help="an interpreter with requirements/foreign_mark.txt")
    python = parser.parse_args().python
    for seconds in SECONDS:
        with tempfile.TemporaryDirectory(prefix="sayso-perth-") as folder:
            print(show(measure_length(python, seconds, Path(folder))), flush=True)

    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What each codec costs: encoding, decoding, and marking with its self-check, in processor time.

`python -m bench.codecs [--count N]` needs espeak-ng and flite. Times are those of this process, so
M4A, which a child makes, is left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from audio.decoding import decode_trusted
from audio.encoding import Output, check_output, encode_sound
from audio.sound import Sound
from bench.corpus import clips
from bench.table import Row, show
from provenance.clips import verified_marking
from provenance.clips.verified_marking import mark_sound

KEY = bytes(range(32))
SECONDS = 8.0
RATE = 24_000
OUTPUTS = (
    Output(codec="wav"),
    Output(codec="flac"),
    Output(codec="mp3"),
    Output(codec="ogg"),
    Output(codec="opus"),
    Output(codec="opus", sample_rate_hz=12_000, bit_rate_bps=22_000),
    Output(codec="opus", sample_rate_hz=16_000),
    Output(codec="opus", sample_rate_hz=48_000),
    Output(codec="opus", bit_rate_bps=24_000),
    Output(codec="opus", bit_rate_bps=64_000),
)


class Stopwatch:
    """Functions of the marking that add their processor time up, by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._depth = 0

    def watch(self, module: Any, function: str, name: str) -> None:
        """Have a module call a function through this watch."""
        inner: Callable[..., Any] = getattr(module, function)

        def call(*args: Any, **options: Any) -> Any:
            began = time.process_time()
            self._depth += 1
            try:
                return inner(*args, **options)
            finally:
                self._depth -= 1
                # A watched function within another one counts for the outer one alone.
                if not self._depth:
                    spent = time.process_time() - began
                    self.spent[name] = self.spent.get(name, 0.0) + spent

        setattr(module, function, call)


def rows(count: int) -> Iterator[Row]:
    """Yield what each output costs."""
    sounds = [clip.sound.resample(RATE) for clip in clips(SECONDS, count)]
    total = sum(sound.seconds for sound in sounds)
    watch = Stopwatch()
    watch.watch(verified_marking, "encode_sound", "encode")
    watch.watch(verified_marking, "decode_trusted", "decode")
    watch.watch(verified_marking, "check_mark", "self-check")
    for output in map(check_output, OUTPUTS):
        encoding, decoding = _time_codec(sounds, output)
        codings = _count_codings(sounds, output, watch)
        marking = codings.pop("all")
        shares = ", ".join(f"{name} {1000 * took / total:.1f}" for name, took in codings.items())
        bit_rate = f", {output.bit_rate_bps // 1000} kbit/s" if output.bit_rate_bps else ""
        yield Row(
            name=f"{output.codec}, {(output.sample_rate_hz or 0) / 1000:g} kHz{bit_rate}",
            measured=f"encode {1000 * encoding / total:.1f}, decode {1000 * decoding / total:.1f},"
            f" mark {1000 * marking / total:.1f} ms a second of sound ({shares})",
        )


def _time_codec(sounds: list[Sound], output: Output) -> tuple[float, float]:
    """Return the seconds of processor to encode and to decode all sounds."""
    hosts = [sound.resample(output.sample_rate_hz or RATE) for sound in sounds]
    began = time.process_time()
    files = [encode_sound(sound, output) for sound in hosts]
    encoding = time.process_time() - began

    began = time.process_time()
    for data in files:
        decode_trusted(data, output.codec)
    return encoding, time.process_time() - began


def _count_codings(sounds: list[Sound], output: Output, watch: Stopwatch) -> dict[str, float]:
    """Return the seconds of processor to mark all sounds, in all and by part."""
    watch.spent = {}
    began = time.process_time()
    for number, sound in enumerate(sounds):
        mark_sound(sound, token=number + 1, key=KEY, output=output, identity=number + 1)
    return {"all": time.process_time() - began, **watch.spent}


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.codecs")
    parser.add_argument("--count", type=int, default=24, help="clips of eight seconds")
    print(show(rows(parser.parse_args().count)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

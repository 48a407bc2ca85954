"""What confinement costs: a file decoded by a child of the sandbox, beside this process alone.

`python -m bench.sandbox` needs no database.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import soundfile

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from bench.corpus import RECORDINGS, read_recording
from bench.table import Row, show

SECONDS: Final = 8
ROUNDS: Final = 25
TARGET_MS: Final = 20.0
CODECS: Final = ("wav", "flac", "mp3", "opus")


def main() -> int:
    """Measure and print the table."""
    some = read_recording((RECORDINGS / "librivox-austen-0870.wav").read_bytes())
    samples = some.samples[: SECONDS * some.rate]
    sound = Sound(samples, some.rate)

    table = []
    for codec in CODECS:
        data = encode_sound(sound, Output(codec=codec, sample_rate_hz=24_000))
        # The first file starts the template.
        decode_untrusted(data)

        # By turns, so that both meet the same machine.
        alone, confined = [], []
        for _ in range(ROUNDS):
            alone.append(_time(_decode_here, data))
            confined.append(_time(decode_untrusted, data))

        added = statistics.median(one - other for one, other in zip(confined, alone, strict=True))
        table.append(
            Row(
                name=f"{SECONDS} s of {codec}: added by the sandbox to"
                f" {statistics.median(alone):.1f} ms in this process",
                measured=f"{added:.1f} ms",
                wanted=f"<= {TARGET_MS:.0f} ms",
                met=added <= TARGET_MS,
            )
        )

    print(show(table))
    return int(any(row.met is False for row in table))


def _decode_here(data: bytes) -> object:
    return soundfile.read(io.BytesIO(data), dtype="float32")


def _time(decode: Callable[[bytes], object], data: bytes) -> float:
    """Return the milliseconds that `decode` took by the clock."""
    began = time.perf_counter()
    decode(data)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())

"""audiowmark's scheme against the program's vectors, beside and together with ours, and its speed.

`python -m bench.audiowmark [--clips N]` needs ffmpeg, and PESQ (`make .venv/.bench`). The exit code
is 1 when a target was missed. A scheme reads a clip when it reads the exact message, and reliably
without knowing it beforehand.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

import numpy as np

import watermark
from audio.encoding import Output
from audio.sound import Sound
from bench.attacks import ATTACKS
from bench.corpus import clips
from bench.speech_quality import measure_pesq
from bench.table import Row, show
from core import ids
from provenance.clips import audiowmark_layer, verified_marking
from provenance.clips.audiowmark_layer import AudiowmarkLayer
from provenance.clips.errors import MarkFailed
from tests.support.audiowmark_vectors import KEY, MESSAGE, sound, steps
from watermark import audiowmark
from watermark.audiowmark.peak_limiter import cut_to_16_bits

RATE = 24_000
WAV = Output(codec="wav", sample_rate_hz=RATE)
OWN_KEY = bytes(range(32))
TOKEN = 0xC0FFEE42
SECRET = bytes(range(16))
SECOND = AudiowmarkLayer(
    clip_id=ids.from_bytes("clp", bytes.fromhex(MESSAGE)),
    key=audiowmark_layer.to_audiowmark_key(SECRET, "bench"),
)
LENGTHS = (3, 5, 8, 10, 15, 30)
BESIDE = ("clean", "mp3 64k", "opus 24k", "cut 0.5 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many clips of one length each scheme read after one attack."""

    seconds: int
    attack: str
    ours: int
    theirs: int
    of: int


def cut_hosts(seconds: int, count: int) -> list[Sound]:
    """Return `count` pieces of speech of exactly this many seconds."""
    # The voices of the corpus come one after the other, because most of them speak for less time.
    pieces = clips(5, 2 * count * -(-seconds // 5))
    everything = np.concatenate([clip.sound.resample(RATE).samples for clip in pieces])
    size = seconds * RATE
    assert everything.size >= count * size
    return [Sound(everything[number * size : (number + 1) * size], RATE) for number in range(count)]


def ours_in(heard: Sound) -> bool:
    reading = watermark.detect(heard.samples, heard.rate, key=OWN_KEY)
    return reading is not None and reading.token == TOKEN


def theirs_in(heard: Sound) -> bool:
    readings = audiowmark_layer.detect_clip_ids(heard.samples, heard.rate, keys={"bench": SECRET})
    return any(reading.believable and reading.clip_id == SECOND.clip_id for reading in readings)


def ours_alone(host: Sound) -> Sound:
    try:
        return verified_marking.mark_sound(host, token=TOKEN, key=OWN_KEY, output=WAV).sound
    except MarkFailed:
        # This counts as not read.
        return host


def theirs_alone(host: Sound) -> Sound:
    samples = host.samples.astype(np.float64)[:, None]
    made = audiowmark.embed(
        samples, RATE, key=SECOND.key, message=MESSAGE, strength=audiowmark_layer.STRENGTH
    )
    return Sound(made[:, 0].astype(np.float32), RATE)


def side_by_side(count: int, lengths: Sequence[int]) -> Iterator[Tally]:
    """Mark the same clips with each scheme alone, and count what each reads."""
    for seconds in lengths:
        hosts = cut_hosts(seconds, count)
        ours, theirs = [ours_alone(host) for host in hosts], [theirs_alone(host) for host in hosts]

        for attack in BESIDE:
            change = ATTACKS[attack]
            yield Tally(
                seconds=seconds,
                attack=attack,
                ours=sum(ours_in(change(marked)) for marked in ours),
                theirs=sum(theirs_in(change(marked)) for marked in theirs),
                of=count,
            )


def vector_rows() -> Iterator[Row]:
    """Yield whether we read what the program wrote, and write what it would have written."""
    files = ("loud44_8", "mono24_30", "mono44_60")
    read = sum(
        audiowmark.detect(*sound(f"{name}.marked"), keys=[KEY])[0].message == MESSAGE
        for name in files
    )
    yield Row(
        name="the program's files read",
        measured=f"{read} of {len(files)}",
        wanted="all",
        met=read == len(files),
    )

    for name in ("loud44_8", "mono24_30"):
        host, rate = sound(f"{name}.original")
        theirs = steps(f"{name}.marked") / 32768.0 - host
        ours = (
            cut_to_16_bits(audiowmark.embed(host, rate, key=KEY, message=MESSAGE)) / 32768.0 - host
        )
        ratio = float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))
        yield Row(
            name=f"{name}: rms of the difference to what the program adds",
            measured=f"{100 * ratio:.3f} %",
            wanted="<= 1 %",
            met=ratio <= 0.01,
        )


def length_rows(tallies: list[Tally]) -> Iterator[Row]:
    """Yield both schemes by length. Ours must be ahead for clips shorter than ten seconds."""
    for tally in tallies:
        short = tally.seconds < 10
        yield Row(
            name=f"{tally.seconds} s, {tally.attack}",
            measured=f"ours {tally.ours}, audiowmark {tally.theirs} of {tally.of}",
            wanted="ours ahead, or all" if short else "",
            met=tally.ours > tally.theirs or tally.ours == tally.of if short else None,
        )


def together_rows(count: int) -> Iterator[Row]:
    """Yield what each mark loses when both are in one clip, and what a listener loses."""
    hosts = cut_hosts(16, count)
    plain = [theirs_alone(host) for host in hosts]
    alone = [
        verified_marking.mark_sound(host, token=TOKEN, key=OWN_KEY, output=WAV) for host in hosts
    ]
    other = [audiowmark_layer.write_mark(host, SECOND) for host in hosts]
    both = [
        verified_marking.mark_sound(host, token=TOKEN, key=OWN_KEY, output=WAV, audiowmark=SECOND)
        for host in hosts
    ]

    for attack in BESIDE:
        change = ATTACKS[attack]
        before = (
            sum(ours_in(change(one.sound)) for one in alone),
            sum(theirs_in(change(one)) for one in other),
        )
        heard = [change(marked.sound) for marked in both]
        after = sum(map(ours_in, heard)), sum(map(theirs_in, heard))
        unmasked = sum(theirs_in(change(one)) for one in plain)
        yield Row(
            name=f"both in clips of 16 s, {attack}",
            measured=(
                f"ours {after[0]} (alone {before[0]}), audiowmark {after[1]} (alone {before[1]}, "
                f"as the program writes it {unmasked}) of {count}"
            ),
            wanted="no fewer than alone",
            met=after[0] >= before[0] and after[1] >= before[1],
        )

    for name, found in (("ours alone", alone), ("both", both)):
        scores = mean(marked.score_milli for marked in found) / 1000
        yield Row(name=f"{name}: score of ours", measured=f"mean {scores:.2f}")

    sounds = {
        "ours alone": [marked.sound for marked in alone],
        "audiowmark alone": other,
        "audiowmark alone, as the program writes it": plain,
        "both": [marked.sound for marked in both],
    }
    for name, made in sounds.items():
        quality = sorted(measure_pesq(host, one) for host, one in zip(hosts, made, strict=True))
        yield Row(
            name=f"{name}: PESQ-WB",
            measured=f"mean {mean(quality):.2f}, p10 {quality[count // 10]:.2f}",
        )


def speed_rows() -> Iterator[Row]:
    """Yield the speed in units of real time, on one processor, as the best of three."""
    for name in ("mono24_30", "mono44_60"):
        marked, rate = sound(f"{name}.marked")
        write = partial(audiowmark.embed, marked, rate, key=KEY, message=MESSAGE)
        read = partial(audiowmark.detect, marked, rate, keys=[KEY])
        hopeful = partial(read, minimum=audiowmark.HOPEFUL)
        for what, work in (
            ("write", write),
            ("read, every candidate", read),
            ("read, the hopeful alone", hopeful),
        ):
            yield Row(
                name=f"{name}: {what}",
                measured=f"{len(marked) / rate / _cpu(work):.0f} x real time",
            )


def _cpu(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)

    return min(times)


def main() -> int:
    """Print the table, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.audiowmark")
    parser.add_argument("--clips", type=int, default=10, help="how many clips of each length")
    parser.add_argument(
        "--seconds", type=int, nargs="+", default=list(LENGTHS), help="lengths to compare at"
    )
    options = parser.parse_args()
    count = options.clips
    compared = list(side_by_side(count, options.seconds))
    rows = [*vector_rows(), *speed_rows(), *length_rows(compared), *together_rows(count)]
    print(show(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())

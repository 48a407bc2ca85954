"""The built-in engine and the sample checks: similarity to the reader, and speed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import django
import numpy as np
import soundfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import engine
from audio.decoding import decode_untrusted
from audio.sound import Sound
from bench.table import Row, show
from voices.sample_checks import examine_samples, speaker_encoder

AUDIO: Final = Path(__file__).parents[1] / "tests" / "data" / "audio"
SENTENCE: Final = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another, as "
    "they always had been."
)
ROUNDS: Final = 5


def rows() -> list[Row]:
    """Measure with two clips as the reference and two others for the comparison."""
    references, judges = [_clip("0870"), _clip("0890")], [_clip("0920"), _clip("0930")]
    profile = engine.enrol_speaker(references)
    plain = engine.synthesize_speech(None, text=SENTENCE, language="en")
    clear = engine.synthesize_speech(profile, text=SENTENCE, language="en", fidelity="clear")
    close = engine.synthesize_speech(profile, text=SENTENCE, language="en", fidelity="close")
    likeness = [_likeness(sound, judges) for sound in (plain, clear, close)]
    upload = (AUDIO / "librivox-austen-0870.wav").read_bytes()
    speaking = (
        _seconds(
            lambda: engine.synthesize_speech(
                profile, text=SENTENCE, language="en", fidelity="close"
            )
        )
        / close.seconds
    )
    examining = _seconds(lambda: examine_samples(references, statement=None, watermark_keys={}))
    decoding = _seconds(lambda: decode_untrusted(upload))
    return [
        Row(
            name="likeness to the reader: plain, clear, close",
            measured=", ".join(f"{one:.2f}" for one in likeness),
        ),
        Row(name="speaking, per second of speech", measured=f"{speaking:.3f} s"),
        Row(
            name="checking two samples (12 s)",
            measured=f"{examining:.2f} s",
            wanted="< 1 s",
            met=examining < 1,
        ),
        Row(
            name="decoding an upload in its child",
            measured=f"{decoding:.2f} s",
            wanted="< 0.4 s",
            met=decoding < 0.4,
        ),
        Row(name="languages", measured=str(len(engine.list_languages()))),
    ]


def _clip(number: str) -> Sound:
    samples, rate = soundfile.read(AUDIO / f"librivox-austen-{number}.wav", dtype="float32")
    return Sound(samples, rate)


def _likeness(sound: Sound, judges: list[Sound]) -> float:
    own = speaker_encoder.compute_embedding(sound)
    return float(np.mean([own @ speaker_encoder.compute_embedding(judge) for judge in judges]))


def _seconds(work: Callable[[], object]) -> float:
    """Return the median wall time in seconds of a few rounds, after one that warms up."""
    work()
    taken = []

    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)

    return float(np.median(taken))


def main() -> int:
    """Print the table, and return 1 when a target was missed."""
    found = rows()
    print(show(found))
    return int(any(row.met is False for row in found))


if __name__ == "__main__":
    raise SystemExit(main())

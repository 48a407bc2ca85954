"""The speaker check: likeness of clips of the same voice and of different voices, and its cost.

`python -m bench.speaker_band [FOLDER …]` measures the recordings of the tests: one reader, another
person, a synthetic voice, and the built-in engine's copy of the reader in four languages, each in
three pitches and speeds, which stand in for emotions. Each FOLDER holds one person's recordings,
such as Debian's `asterisk-core-sounds-*`, unpacked. Folders of one person in several languages
share the name before a `~`. G.722 files are read by ffmpeg.

A voice is the second half of its speech, up to 12 s. Pieces of the rest are compared with it and
with every other voice, as `judge_speaker` does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import django
import numpy as np
import soundfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import engine
from audio.sound import Sound
from bench.corpus import RECORDINGS, TEXTS
from bench.table import Row, show
from voices import speaker_limits
from voices.sample_checks import answer_speaker, recording_quality, voice_activity, voice_embedding
from voices.sample_checks.answer_speaker import SpeakerBand, SpeakerLimits
from voices.sample_checks.speaker_similarity import Voiceprint
from voices.sample_checks.voice_embedding import Embedding

RATE: Final = voice_activity.RATE
PIECE_SECONDS: Final = (1.7, 3.0, 6.0)
MOST_PIECES: Final = 12
MOST_SPEECH: Final = 120.0
VOICE_SECONDS: Final = 12.0
MOST_MS: Final = 200.0
LANGUAGES: Final = ("en", "de", "fr", "es")
MANNERS: Final = ((1.0, 0.0), (0.8, -2.0), (1.25, 2.0))
"""Speed and pitch in semitones."""
FFMPEG: Final = shutil.which("ffmpeg") or "ffmpeg"
ENDINGS: Final = frozenset({".wav", ".flac", ".g722"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """Net speech of one person in one language."""

    person: str
    language: str
    speech: Sound


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The cosines of pieces of one length, and how many are refused and doubted by the table."""

    cosines: tuple[float, ...]
    different: int
    doubt: int


def read_fixtures() -> list[Heard]:
    """Return the three voices of the tests' recordings."""
    wanted = (
        ("reader", "librivox-*.wav"),
        ("cards", "pocketsphinx-*.flac"),
        ("flite", "flite-*.flac"),
    )
    return [
        Heard(person=name, language="en", speech=_join(sorted(RECORDINGS.glob(pattern))))
        for name, pattern in wanted
    ]


def read_folder(folder: Path) -> Heard:
    """Return one person's speech. The name is `PERSON` or `PERSON~LANGUAGE`."""
    person, _, language = folder.name.partition("~")
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in ENDINGS and path.stat().st_size > 16_000
    ]
    return Heard(person=person, language=language or "en", speech=_join(files))


def copy_reader() -> Iterator[tuple[str, Heard]]:
    """Yield what the built-in engine says as the reader, with the name of its manner."""
    samples = [_read(path) for path in sorted(RECORDINGS.glob("librivox-*.wav"))]
    profile = engine.enrol_speaker(samples)
    for language in LANGUAGES:
        for speed, pitch in MANNERS:
            spoken = engine.synthesize_speech(
                profile,
                text=TEXTS[language],
                language=language,
                speed=speed,
                pitch_semitones=pitch,
                fidelity="close",
            )
            speech = voice_activity.detect_speech(spoken).speech
            name = f"{language}, speed {speed}, pitch {pitch:+.0f}"
            yield name, Heard(person="reader", language=language, speech=speech)


def compare(
    pieces: Sequence[Embedding], voice: Embedding, limits: SpeakerLimits, *, seconds: float
) -> Found:
    """Compare pieces of so many seconds with a voice."""
    cosines = tuple(voice_embedding.compare_embeddings(one, voice).cosine for one in pieces)
    bands = [answer_speaker.find_band(one, seconds=seconds, limits=limits) for one in cosines]
    return Found(
        cosines=cosines,
        different=bands.count(SpeakerBand.DIFFERENT),
        doubt=bands.count(SpeakerBand.DOUBT),
    )


def list_rows(people: Sequence[Heard]) -> Iterator[Row]:
    """Yield the rows of one person against themselves and against others."""
    voices = [_embed(_last(one.speech)) for one in people]
    for seconds in PIECE_SECONDS:
        cut = [_cut(_first(one.speech), seconds) for one in people]
        pieces = [[_embed(piece) for piece in parts] for parts in cut]
        groups: dict[str, list[Found]] = {"same": [], "language": [], "other": []}
        for speaker, parts in zip(people, pieces, strict=True):
            for owner, voice in zip(people, voices, strict=True):
                limits = _choose_limits(speaker, owner)
                groups[_name_group(speaker, owner)].append(
                    compare(parts, voice, limits, seconds=seconds)
                )

        for name, title in (
            ("same", "one person, one language"),
            ("language", "one person, another language"),
            ("other", "someone else"),
        ):
            if found := groups[name]:
                yield _describe(f"{title}, {seconds:g} s", found, is_other=name == "other")


def list_copies(reader: Heard) -> Iterator[Row]:
    """Yield the likeness between a reader and the built-in engine's copy of that reader."""
    voice = _embed(reader.speech)
    found: list[Found] = []
    for name, copy in copy_reader():
        limits = _choose_limits(copy, reader)
        one = compare([_embed(copy.speech)], voice, limits, seconds=copy.speech.seconds)
        found.append(one)
        yield Row(name=f"engine's copy: {name}", measured=f"{one.cosines[0]:.2f}")

    refused = sum(one.different for one in found)
    yield Row(name="engine's copies refused", measured=f"{refused} of {len(found)}")


def list_costs(reader: Heard) -> Iterator[Row]:
    """Yield the processor time of one check, by the length of the answer."""
    voice = _embed(reader.speech)
    for seconds in (2, 3, 5, 15, 60):
        sound = Sound(np.resize(reader.speech.samples, seconds * RATE), RATE).resample(24_000)
        times = []
        for _ in range(5):
            began = time.process_time()
            answer_speaker.judge_speaker(sound, voice, speaker_limits.OWN_LANGUAGE)
            times.append(1000 * (time.process_time() - began))
        middle = sorted(times)[len(times) // 2]
        yield Row(
            name=f"one check of {seconds} s",
            measured=f"{middle:.0f} ms",
            wanted=f"{MOST_MS:.0f} ms",
            met=middle <= MOST_MS,
        )


def _choose_limits(speaker: Heard, owner: Heard) -> SpeakerLimits:
    is_own = speaker.language == owner.language
    return speaker_limits.OWN_LANGUAGE if is_own else speaker_limits.OTHER_LANGUAGE


def _name_group(speaker: Heard, owner: Heard) -> str:
    if speaker.person != owner.person:
        return "other"

    return "same" if speaker.language == owner.language else "language"


def _describe(title: str, found: Sequence[Found], *, is_other: bool) -> Row:
    cosines = np.array([cosine for one in found for cosine in one.cosines])
    refused = sum(one.different for one in found)
    low, middle, high = cosines.min(), np.median(cosines), cosines.max()
    return Row(
        name=title,
        measured=(
            f"{low:.2f}, {middle:.2f}, {high:.2f}; refused {refused} of {len(cosines)}, "
            f"in doubt {sum(one.doubt for one in found)}"
        ),
        wanted="" if is_other else "refused 0",
        met=None if is_other else refused == 0,
    )


def _embed(speech: Sound) -> Embedding:
    band = recording_quality.measure_bandwidth(speech)
    heard = Voiceprint(name="", speech=speech, snr_db=0.0, bandwidth_hz=band)
    return voice_embedding.pool_voiceprints([heard])


def _first(speech: Sound) -> Sound:
    return Sound(speech.samples[: -_count_voice_samples(speech)], RATE)


def _last(speech: Sound) -> Sound:
    return Sound(speech.samples[-_count_voice_samples(speech) :], RATE)


def _count_voice_samples(speech: Sound) -> int:
    return min(len(speech.samples) // 2, round(VOICE_SECONDS * RATE))


def _cut(speech: Sound, seconds: float) -> list[Sound]:
    size = round(seconds * RATE)
    count = min(MOST_PIECES, len(speech.samples) // size)
    return [Sound(speech.samples[at * size : (at + 1) * size], RATE) for at in range(count)]


def _join(files: Sequence[Path]) -> Sound:
    parts: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
    seconds = 0.0
    for path in files[:: max(1, len(files) // 80)]:
        if seconds >= MOST_SPEECH:
            break
        speech = voice_activity.detect_speech(_read(path)).speech
        parts.append(speech.samples)
        seconds += speech.seconds

    return Sound(np.concatenate(parts), RATE)


def _read(path: Path) -> Sound:
    if path.suffix == ".g722":
        done = subprocess.run(
            [FFMPEG, "-v", "error", "-f", "g722", "-i", path, "-f", "s16le", "-ar", "16000", "-"],
            capture_output=True,
            check=True,
        )
        samples = np.frombuffer(done.stdout, "<i2").astype(np.float32)
        return Sound(samples / np.float32(32_768), 16_000)

    samples, rate = soundfile.read(path, dtype="float32")
    return Sound(np.asarray(samples, dtype=np.float32), rate)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.speaker_band")
    parser.add_argument("folders", nargs="*", type=Path)
    people = [*read_fixtures(), *(read_folder(one) for one in parser.parse_args().folders)]
    reader = people[0]

    rows = [*list_rows(people), *list_copies(reader), *list_costs(reader)]
    print(show(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())

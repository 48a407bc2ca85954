"""What happens to a clip on its way: codecs through ffmpeg, resampling, telephony, cutting, noise."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from provenance.audio.sound import Sound

Attack = Callable[[Sound], Sound]


def _ffmpeg(sound: Sound, suffix: str, *options: str) -> Sound:
    """Through a codec and back. The decoder's delay is left in: a reader must find the place by itself."""
    with tempfile.TemporaryDirectory() as folder:
        before, coded, after = (Path(folder) / name for name in ("in.wav", f"coded.{suffix}", "out.wav"))
        soundfile.write(before, sound.samples, sound.rate, subtype="PCM_16")
        quiet = ["ffmpeg", "-v", "error", "-y", "-threads", "1"]
        subprocess.run([*quiet, "-i", before, *options, coded], check=True)
        subprocess.run([*quiet, "-i", coded, "-ar", str(sound.rate), "-ac", "1", after], check=True)
        return read(after.read_bytes())


def read(data: bytes) -> Sound:
    """A file of one channel as sound."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return Sound(samples, int(rate))


def mulaw(sound: Sound) -> Sound:
    """G.711 mu-law at 8 kHz."""
    low = sound.resampled(8_000)
    sink = io.BytesIO()
    soundfile.write(sink, low.samples, low.rate, format="WAV", subtype="ULAW")
    return read(sink.getvalue())


def noise(sound: Sound, decibels: float) -> Sound:
    """White noise this far below the clip's mean power."""
    random = np.random.default_rng(20).standard_normal(sound.samples.size).astype(np.float32)
    random *= np.sqrt(np.mean(sound.samples**2) / np.mean(random**2)) * 10 ** (-decibels / 20)
    return Sound(sound.samples + random, sound.rate)


def cut(sound: Sound, seconds: float) -> Sound:
    """Without its first part."""
    return Sound(sound.samples[round(seconds * sound.rate) :], sound.rate)


def silence_before(sound: Sound, seconds: float) -> Sound:
    """With silence in front."""
    return Sound(np.pad(sound.samples, (round(seconds * sound.rate), 0)), sound.rate)


ATTACKS: dict[str, Attack] = {
    "clean": lambda sound: sound,
    "mp3 64k": lambda sound: _ffmpeg(sound, "mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "aac 96k": lambda sound: _ffmpeg(sound, "m4a", "-c:a", "aac", "-b:a", "96k"),
    "opus 24k": lambda sound: _ffmpeg(sound, "ogg", "-c:a", "libopus", "-b:a", "24k"),
    "16 kHz": lambda sound: sound.resampled(16_000),
    "mu-law": mulaw,
    "cut 0.5 s": lambda sound: cut(sound, 0.5),
    "cut 0.31+opus": lambda sound: _ffmpeg(cut(sound, 0.31), "ogg", "-c:a", "libopus", "-b:a", "24k"),
    "mp3 32k": lambda sound: _ffmpeg(sound, "mp3", "-c:a", "libmp3lame", "-b:a", "32k"),
    "opus 16k": lambda sound: _ffmpeg(sound, "ogg", "-c:a", "libopus", "-b:a", "16k"),
    "noise 20 dB": lambda sound: noise(sound, 20.0),
    "silence 5 s": lambda sound: silence_before(sound, 5.037),
}
REQUIRED = ("clean", "mp3 64k", "aac 96k", "16 kHz", "mu-law", "cut 0.5 s")

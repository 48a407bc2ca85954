"""Attacks on a clip: codecs, resampling, telephony, cutting, noise, other speeds and tempos.

MP3, Opus, GSM and mu-law come from libsndfile in this process. AAC and the tempo filter come from
ffmpeg. Decoder delays stay in: the detector must find the place by itself.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from audio.decoding import decode_trusted
from audio.encoding import OPUS_RATES, Output, encode_sound
from audio.sound import Sound

Attack = Callable[[Sound], Sound]


def _ffmpeg(sound: Sound, suffix: str, *options: str) -> Sound:
    """Send a sound through a codec or filter of ffmpeg and back."""
    with tempfile.TemporaryDirectory() as folder:
        before, coded, after = (
            Path(folder) / name for name in ("in.wav", f"coded.{suffix}", "out.wav")
        )
        soundfile.write(before, sound.samples, sound.rate, subtype="PCM_16")
        quiet = ["ffmpeg", "-v", "error", "-y", "-threads", "1"]
        subprocess.run([*quiet, "-i", before, *options, coded], check=True)
        subprocess.run([*quiet, "-i", coded, "-ar", str(sound.rate), "-ac", "1", after], check=True)
        return read(after.read_bytes())


def read(data: bytes) -> Sound:
    """Return the sound of a file with one channel."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return Sound(samples, int(rate))


def mp3(bits: int) -> Attack:
    """Return the attack by MP3 at this many bits a second."""

    def change(sound: Sound) -> Sound:
        rate = sound.rate if bits > 32_000 or sound.rate <= 24_000 else 24_000
        data = encode_sound(
            sound.resample(rate), Output(codec="mp3", sample_rate_hz=rate, bit_rate_bps=bits)
        )
        return decode_trusted(data, "mp3")

    return change


def opus(bits: int) -> Attack:
    """Return the attack by Opus at this many bits a second."""

    def change(sound: Sound) -> Sound:
        rate = next((rate for rate in OPUS_RATES if rate >= sound.rate), OPUS_RATES[-1])
        data = encode_sound(
            sound.resample(rate), Output(codec="opus", sample_rate_hz=rate, bit_rate_bps=bits)
        )
        return decode_trusted(data, "opus")

    return change


def telephone(subtype: str) -> Attack:
    """Return the attack by a telephone codec of libsndfile at 8 kHz.

    `subtype` is `ULAW` (G.711) or `GSM610` (GSM full rate).
    """

    def change(sound: Sound) -> Sound:
        low, sink = sound.resample(8_000), io.BytesIO()
        soundfile.write(sink, low.samples, low.rate, format="WAV", subtype=subtype)
        return read(sink.getvalue())

    return change


def noise(sound: Sound, decibels: float) -> Sound:
    """Add white noise at this many decibels below the clip's mean power."""
    random = np.random.default_rng(20).standard_normal(sound.samples.size).astype(np.float32)
    random *= np.sqrt(np.mean(sound.samples**2) / np.mean(random**2)) * 10 ** (-decibels / 20)
    return Sound(sound.samples + random, sound.rate)


def cut(sound: Sound, seconds: float) -> Sound:
    """Cut off the first part of a sound."""
    return Sound(sound.samples[round(seconds * sound.rate) :], sound.rate)


def middle(sound: Sound, seconds: float) -> Sound:
    """Keep only this much from the middle of a sound."""
    size = round(seconds * sound.rate)
    start = (sound.samples.size - size) // 2
    return Sound(sound.samples[start : start + size], sound.rate)


def echoed(milliseconds: float, gain: float = 1.0) -> Attack:
    """Return the attack that mixes a sound with its own echo, as two paths of one sound."""

    def change(sound: Sound) -> Sound:
        late = round(milliseconds * sound.rate / 1_000)
        samples = np.pad(sound.samples, (0, late))
        samples[late:] += np.float32(gain) * sound.samples
        return Sound(samples, sound.rate)

    return change


def played(speed: float) -> Attack:
    """Return the attack that plays a sound faster and higher, or slower and lower, like a tape."""
    return lambda sound: Sound(sound.samples, round(sound.rate * speed)).resample(sound.rate)


ATTACKS: dict[str, Attack] = {
    "clean": lambda sound: sound,
    "mp3 64k": mp3(64_000),
    "aac 96k": lambda sound: _ffmpeg(sound, "m4a", "-c:a", "aac", "-b:a", "96k"),
    "opus 24k": opus(24_000),
    "16 kHz": lambda sound: sound.resample(16_000),
    "mu-law": telephone("ULAW"),
    "cut 0.5 s": lambda sound: cut(sound, 0.5),
    "mp3 64k, opus 24k": lambda sound: opus(24_000)(mp3(64_000)(sound)),
    "opus 16k": opus(16_000),
    "noise 20 dB": lambda sound: noise(sound, 20.0),
    "speed 1.02": played(1.02),
    "speed 0.98": played(0.98),
    "gsm": telephone("GSM610"),
    "1.5 s of its middle": lambda sound: middle(sound, 1.5),
    "echo 12 ms": echoed(12.0),
    "echo 9 ms, turned over": echoed(9.0, -1.0),
    "tempo 0.95": lambda sound: _ffmpeg(sound, "wav", "-af", "atempo=0.95"),
}
# The wanted share of marked clips whose exact token is read, by length in seconds and attack.
ORDINARY = (
    "clean",
    "mp3 64k",
    "aac 96k",
    "opus 24k",
    "16 kHz",
    "mu-law",
    "cut 0.5 s",
    "mp3 64k, opus 24k",
)
ECHOES = ("echo 12 ms", "echo 9 ms, turned over")
ROUGH = (*ECHOES, "opus 16k", "noise 20 dB", "speed 1.02", "speed 0.98", "gsm", "tempo 0.95")
WANTED: dict[float, dict[str, float]] = {
    2.0: {"clean": 0.97, "mp3 64k": 0.97},
    3.0: dict.fromkeys(ORDINARY, 0.99)
    | dict.fromkeys(ECHOES, 0.95)
    | {"1.5 s of its middle": 0.95},
    5.0: dict.fromkeys(ORDINARY, 0.99) | dict.fromkeys(ROUGH, 0.95) | {"1.5 s of its middle": 0.95},
    8.0: dict.fromkeys(ORDINARY, 0.99) | dict.fromkeys(ROUGH, 0.95),
}

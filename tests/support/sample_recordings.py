"""Recordings for the sample checks: people, synthesisers, and recordings made wrong on purpose."""

from __future__ import annotations

from functools import cache

import numpy as np
import soundfile

import engine
from audio.sound import Sound
from core.errors import Fault
from engine import Fidelity
from tests.support.audio_files import CLIPS, clip
from voices.sample_checks import SampleReport, examine_samples

TEXT = (
    "The committee met on a Tuesday, and nobody wanted to be the first to speak about the bridge. "
    "It was raining hard, "
    "and the roads had been closed."
)


@cache
def stored(name: str) -> Sound:
    samples, rate = soundfile.read(CLIPS / f"{name}.flac", dtype="float32")
    return Sound(samples, rate)


def somebody_else() -> Sound:
    return stored("pocketsphinx-cards")


def flite() -> Sound:
    return stored("flite-slt")


@cache
def espeak() -> Sound:
    return engine.synthesize_speech(None, text=TEXT, language="en")


@cache
def cloned(fidelity: Fidelity) -> Sound:
    profile = engine.enrol_speaker((clip("0870"), clip("0890")))
    return engine.synthesize_speech(profile, text=TEXT, language="en", fidelity=fidelity)


def changed(sound: Sound, samples: np.ndarray) -> Sound:
    return Sound(np.asarray(samples, dtype=np.float32), sound.rate)


def cut(sound: Sound, seconds: float) -> Sound:
    return changed(sound, sound.samples[: int(seconds * sound.rate)])


def clipped(sound: Sound) -> Sound:
    return changed(sound, np.clip(20 * sound.samples, -1, 1))


def silence(seconds: float = 6.0) -> Sound:
    return Sound(np.zeros(int(seconds * 16_000), dtype=np.float32), 16_000)


def noise(seconds: float = 6.0, level: float = 0.1) -> Sound:
    samples = np.random.default_rng(11).normal(0, level, int(seconds * 16_000))
    return Sound(samples.astype(np.float32), 16_000)


def hum(seconds: float = 6.0) -> Sound:
    at = np.arange(int(seconds * 16_000)) / 16_000
    waves = np.sum([0.1 * np.sin(2 * np.pi * 50 * k * at) for k in (1, 2, 3)], axis=0)
    return Sound(waves.astype(np.float32), 16_000)


def noisy(sound: Sound, snr_db: float) -> Sound:
    power = float(np.mean(sound.samples**2))
    added = np.random.default_rng(12).normal(
        0, np.sqrt(power / 10 ** (snr_db / 10)), len(sound.samples)
    )
    return changed(sound, sound.samples + added)


def telephone(sound: Sound) -> Sound:
    return sound.resample(8_000)


def joined(*sounds: Sound) -> Sound:
    return Sound(np.concatenate([sound.resample(16_000).samples for sound in sounds]), 16_000)


def report_on(
    *sounds: Sound, statement: Sound | None = None, raw: tuple[bytes, ...] = ()
) -> SampleReport:
    return examine_samples(sounds, statement=statement, watermark_keys={}, raw=raw)


def faults(report: SampleReport) -> list[tuple[str | None, str]]:
    return [_short(fault) for fault in report.faults]


def _short(fault: Fault) -> tuple[str | None, str]:
    return fault.attr, fault.code

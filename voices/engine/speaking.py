"""Speaking: choosing the synthesiser's voice, pace and pitch for a wanted speaker, and adapting what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from core.errors import Fault, Invalid
from provenance.audio.sound import Sound
from voices.engine import adaptation, profiles, tags
from voices.engine.espeak import NORMAL_RATE, EngineDown, Synthesiser, Utterance
from voices.engine.paragraphs import ENGLISH, PARAGRAPHS
from voices.engine.sentences import sentences
from voices.engine.statistics import Statistics, TooLittleSpeech, measured

Fidelity = Literal["clear", "close"]
RATE: Final = 24_000
"""What the engine delivers. The synthesiser works at 22 050 Hz; nothing above 11 kHz is made up."""
MOST_CHARACTERS: Final = 20_000
SPEED: Final = (0.5, 2.0)
PITCH: Final = (-12.0, 12.0)
FEMALE: Final = "+f3"
_FEMALE_FROM_HZ: Final = 150.0
# Median F0 at these settings of the pitch parameter, plain and with +f3 (measured with version 1.52.0).
_PITCH_STEPS: Final = (0, 25, 50, 75, 99)
_PLAIN_HZ: Final = (68.0, 81.0, 102.0, 131.0, 170.0)
_FEMALE_HZ: Final = (147.0, 174.0, 212.0, 267.0, 340.0)
_NEUTRAL_HZ: Final = 102.0
_LOUDNESS: Final = 10 ** (-23 / 20)
_PEAK: Final = 0.95
_STREAM_PEAK: Final = 0.85  # a stream's mark cannot turn the whole clip down afterwards
_AUDIBLE: Final = 1e-3
_PAUSE_SECONDS: Final = 0.15
_synthesiser: Final = Synthesiser()


class NothingToSay(Invalid):
    """The text has nothing that could be spoken."""

    code = "text_not_speakable"


class NotEnoughSpeech(Invalid):
    """The reference recordings hold too little speech to learn a voice from."""

    code = "sample_too_short"


def languages() -> frozenset[str]:
    """The languages that passed the self-test, as canonical BCP-47 tags. Raises EngineDown."""
    return frozenset(_voices())


def enrol(sounds: Sequence[Sound]) -> bytes:
    """Learn a voice profile from recordings of one speaker; the profile holds no audio. Raises NotEnoughSpeech."""
    try:
        return profiles.dump(measured(tuple(sounds)))
    except TooLittleSpeech as error:
        raise NotEnoughSpeech("There is too little speech in the samples.") from error


def speak(
    profile: bytes | None,
    *,
    text: str,
    language: str,
    speed: float = 1.0,
    pitch_semitones: float = 0.0,
    fidelity: Fidelity = "clear",
) -> Sound:
    """Speak the text, in the voice of the profile or, without one, in the synthesiser's own. 24 kHz, no clipping.

    Raises Invalid (`out_of_range`, `text_too_long`), NothingToSay, LanguageUnsupported, ProfileUnusable, EngineDown.
    """
    plan = _plan(profile, text=text, language=language, speed=speed, pitch_semitones=pitch_semitones)
    pieces = [_spoken(plan, piece, language, fidelity) for piece in sentences(text)]
    said = [piece for piece in pieces if piece is not None]
    if not said:
        raise NothingToSay("There is nothing in the text that can be spoken.")
    return _levelled(_joined(said))


def stream(
    profile: bytes | None,
    *,
    text: str,
    language: str,
    speed: float = 1.0,
    pitch_semitones: float = 0.0,
    fidelity: Fidelity = "clear",
) -> Iterator[tuple[str, Sound]]:
    """Speak sentence by sentence: each sentence with its sound, made when it is asked for, pauses included.

    The first sentence sets the level for all: a stream cannot hear itself to the end first. Raises as `speak` does,
    for the arguments at once, and NothingToSay at the end of a text of which nothing was spoken.
    """
    plan = _plan(profile, text=text, language=language, speed=speed, pitch_semitones=pitch_semitones)
    return _streamed(plan, sentences(text), language, fidelity)


def _streamed(plan: _Plan, pieces: Sequence[str], language: str, fidelity: Fidelity) -> Iterator[tuple[str, Sound]]:
    factor: float | None = None
    for piece in pieces:
        sound = _spoken(plan, piece, language, fidelity)
        if sound is None:
            continue
        pause = np.zeros(0 if factor is None else int(_PAUSE_SECONDS * RATE), dtype=np.float32)
        factor = _factor(sound) if factor is None else factor
        peak = float(np.abs(sound.samples).max())
        scaled = sound.samples * np.float32(min(factor, _STREAM_PEAK / max(peak, 1e-9)))
        yield piece, Sound(np.concatenate([pause, scaled]).astype(np.float32), RATE)
    if factor is None:
        raise NothingToSay("There is nothing in the text that can be spoken.")


def _plan(profile: bytes | None, *, text: str, language: str, speed: float, pitch_semitones: float) -> _Plan:
    _check(text=text, speed=speed, pitch_semitones=pitch_semitones)
    voice = tags.lookup(language, _voices())
    target = profiles.load(profile) if profile is not None else None
    return _Plan(voice, target, speed=speed, pitch_semitones=pitch_semitones)


class _Plan:
    """How the synthesiser is set for one speaker: voice, rate, pitch, and a resampling for a pitch beyond its reach."""

    def __init__(self, voice: str, target: Statistics | None, *, speed: float, pitch_semitones: float) -> None:
        wanted = (target.pitch_hz if target else _NEUTRAL_HZ) * 2 ** (pitch_semitones / 12)
        female = wanted >= _FEMALE_FROM_HZ
        scale = _FEMALE_HZ if female else _PLAIN_HZ
        self.target = target
        self.plain = voice
        self.name = voice + FEMALE if female else voice
        self.pitch = round(float(np.interp(wanted, scale, _PITCH_STEPS)))
        self.stretch = float(wanted / np.clip(wanted, scale[0], scale[-1]))
        self.rate = round(self._own_rate() * speed / self.stretch)

    def _own_rate(self) -> float:
        """The reference's pace in words a minute, within the range where double and half still work."""
        if self.target is None:
            return NORMAL_RATE
        base = _base(ENGLISH, self.name.removeprefix(self.plain), self.pitch_step)
        return float(np.clip(NORMAL_RATE * self.target.pace / max(base.pace, 0.1), 160.0, 205.0))

    @property
    def pitch_step(self) -> int:
        """The pitch, rounded so that base statistics can be kept."""
        return min(99, 10 * round(self.pitch / 10))


def _spoken(plan: _Plan, text: str, language: str, fidelity: Fidelity) -> Sound | None:
    sound = _said(Utterance(text=text, voice=plan.name, rate=plan.rate, pitch=plan.pitch))
    if sound is None or len(sound.samples) == 0 or float(np.abs(sound.samples).max()) < _AUDIBLE:
        return None
    if plan.stretch != 1.0:
        sound = Sound(sound.resampled(round(sound.rate / plan.stretch)).samples, sound.rate)
    sound = sound.resampled(RATE)
    if plan.target is None:
        return sound
    paragraph = _paragraph(language, plan.plain)
    source = _base(paragraph, plan.name.removeprefix(plan.plain), plan.pitch_step)
    return adaptation.adapted(sound, source=source, target=plan.target, close=fidelity == "close")


def _said(utterance: Utterance) -> Sound | None:
    return _synthesiser.say(utterance)


def _paragraph(language: str, voice: str) -> tuple[str, str]:
    """The paragraph by which the synthesiser's voice is measured, with the voice that reads it."""
    text = PARAGRAPHS.get(language.partition("-")[0].lower())
    return (text, voice) if text else ENGLISH


@lru_cache(maxsize=64)
def _base(paragraph: tuple[str, str], variant: str, pitch: int) -> Statistics:
    text, voice = paragraph
    sound = _said(Utterance(text=text, voice=voice + variant, rate=NORMAL_RATE, pitch=pitch))
    if sound is None:
        raise EngineDown("The voice engine has lost a voice.")
    return measured((sound,))


@lru_cache(maxsize=1)
def _voices() -> MappingProxyType[str, str]:
    return MappingProxyType(tags.tagged(_synthesiser.voices()))


def _check(*, text: str, speed: float, pitch_semitones: float) -> None:
    for name, value, (least, most) in (
        ("prosody.speed", speed, SPEED),
        ("prosody.pitch_semitones", pitch_semitones, PITCH),
    ):
        if not least <= value <= most:
            detail = f"`{name}` must lie between {least:g} and {most:g}."
            raise Invalid(detail, code="out_of_range", faults=(Fault(code="out_of_range", detail=detail, attr=name),))
    if len(text) > MOST_CHARACTERS:
        detail = f"The text is over {MOST_CHARACTERS} characters."
        raise Invalid(detail, code="out_of_range", faults=(Fault(code="out_of_range", detail=detail, attr="text"),))


def _joined(pieces: list[Sound]) -> Sound:
    pause = np.zeros(int(_PAUSE_SECONDS * RATE), dtype=np.float32)
    parts = [part for piece in pieces for part in (piece.samples, pause)][:-1]
    return Sound(np.concatenate(parts), RATE)


def _levelled(sound: Sound) -> Sound:
    return Sound((sound.samples * np.float32(_factor(sound))).astype(np.float32), sound.rate)


def _factor(sound: Sound) -> float:
    """What brings the speech (not the pauses) to -23 dB below full scale, less where a peak would pass 0.95."""
    size = RATE // 50
    blocks = sound.samples[: len(sound.samples) // size * size].reshape(-1, size).astype(np.float64)
    powers = (blocks**2).mean(axis=1) if len(blocks) else np.array([np.mean(sound.samples.astype(np.float64) ** 2)])
    level = float(np.sqrt(powers[powers >= powers.max() / 1000].mean()))
    peak = float(np.abs(sound.samples).max())
    return min(_LOUDNESS / max(level, 1e-9), _PEAK / max(peak, 1e-9))

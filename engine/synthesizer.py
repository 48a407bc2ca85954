"""Speech: the synthesiser's voice, pace and pitch for a speaker, and its adaptation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from audio.sound import Sound
from core.errors import Fault, Invalid
from engine import language_tags, profiles, voice_adaptation
from engine.calibration_texts import ENGLISH, PARAGRAPHS
from engine.espeak_process import (
    NORMAL_RATE,
    EngineUnavailable,
    SynthesiserProcess,
    TextNotSpeakable,
    Utterance,
    refuse_text,
)
from engine.sentences import split_sentences
from engine.voice_statistics import Statistics, measure_voice

Fidelity = Literal["clear", "close"]
RATE: Final = 24_000
"""The rate of delivered sound. The synthesiser works at 22 050 Hz, so nothing lies above 11 kHz."""
MOST_CHARACTERS: Final = 20_000
SPEED: Final = (0.5, 2.0)
PITCH: Final = (-12.0, 12.0)
FEMALE: Final = "+f3"
_FEMALE_FROM_HZ: Final = 150.0
# Median F0 at these settings of the pitch parameter, plain and with +f3 (measured with version
# 1.52.0).
_PITCH_STEPS: Final = (0, 25, 50, 75, 99)
_PLAIN_HZ: Final = (68.0, 81.0, 102.0, 131.0, 170.0)
_FEMALE_HZ: Final = (147.0, 174.0, 212.0, 267.0, 340.0)
_NEUTRAL_HZ: Final = 102.0
_LOUDNESS: Final = 10 ** (-23 / 20)
_PEAK: Final = 0.95
_STREAM_PEAK: Final = 0.85  # a stream's mark cannot turn the whole clip down afterwards
_AUDIBLE: Final = 1e-3
_PAUSE_SECONDS: Final = 0.15
_synthesiser: Final = SynthesiserProcess()


def list_languages() -> frozenset[str]:
    """Return the languages that passed the self-test, as canonical BCP-47 tags.

    Raises EngineUnavailable.
    """
    return frozenset(_voices_by_language())


def enrol_speaker(sounds: Sequence[Sound]) -> bytes:
    """Return a voice profile of one speaker's recordings. The profile holds no audio.

    Raises NotEnoughSpeech.
    """
    # Offset and rumble are the microphone's, and would sound in every clip.
    level = tuple(sound.remove_offset() for sound in sounds)
    return profiles.dump_profile(measure_voice(level))


def synthesize_speech(
    profile: bytes | None,
    *,
    text: str,
    language: str,
    speed: float = 1.0,
    pitch_semitones: float = 0.0,
    fidelity: Fidelity = "clear",
) -> Sound:
    """Speak the text in the voice of the profile, or in the synthesiser's own without one.

    The sound has 24 kHz and no clipping.

    Raises Invalid (`out_of_range`, `text_too_long`), TextNotSpeakable, LanguageUnsupported,
    ProfileUnusable, EngineUnavailable.
    """
    plan = _plan_speech(
        profile, text=text, language=language, speed=speed, pitch_semitones=pitch_semitones
    )

    pieces = [
        _synthesize_sentence(plan, piece, language, fidelity) for piece in split_sentences(text)
    ]

    spoken = [piece for piece in pieces if piece is not None]
    if not spoken:
        raise refuse_text("There is nothing in the text that can be spoken.")

    return _level_sound(_join_sounds(spoken))


def speak_trial(profile: bytes, language: str) -> Sound | None:
    """Return a sentence in a new voice, or None for a language that is not spoken here."""
    primary = language.partition("-")[0].lower()
    if primary not in PARAGRAPHS:
        primary = language = "en"

    text = split_sentences(PARAGRAPHS[primary])[0]
    try:
        return synthesize_speech(profile, text=text, language=language, fidelity="close")
    except (language_tags.LanguageUnsupported, TextNotSpeakable):
        return None


def stream_speech(
    profile: bytes | None,
    *,
    text: str,
    language: str,
    speed: float = 1.0,
    pitch_semitones: float = 0.0,
    fidelity: Fidelity = "clear",
) -> Iterator[tuple[str, Sound]]:
    """Yield each sentence with its sound, pauses included. A sound is made when it is needed.

    The first sentence sets the level for all, because a stream cannot measure itself to the end
    first.

    Raises the errors of `synthesize_speech`: for the arguments at once, and TextNotSpeakable at the
    end of a text of which nothing was spoken.
    """
    plan = _plan_speech(
        profile, text=text, language=language, speed=speed, pitch_semitones=pitch_semitones
    )

    return _stream_sentences(plan, split_sentences(text), language, fidelity)


def _stream_sentences(
    plan: _Plan, pieces: Sequence[str], language: str, fidelity: Fidelity
) -> Iterator[tuple[str, Sound]]:
    factor: float | None = None
    for piece in pieces:
        sound = _synthesize_sentence(plan, piece, language, fidelity)
        if sound is None:
            continue

        pause = np.zeros(0 if factor is None else int(_PAUSE_SECONDS * RATE), dtype=np.float32)
        if factor is None:
            factor = _level_factor(sound)

        peak = float(np.abs(sound.samples).max())
        scaled = sound.samples * np.float32(min(factor, _STREAM_PEAK / max(peak, 1e-9)))

        yield piece, Sound(np.concatenate([pause, scaled]).astype(np.float32), RATE)

    if factor is None:
        raise refuse_text("There is nothing in the text that can be spoken.")


def _plan_speech(
    profile: bytes | None, *, text: str, language: str, speed: float, pitch_semitones: float
) -> _Plan:
    _check_arguments(text=text, speed=speed, pitch_semitones=pitch_semitones)
    voice = language_tags.lookup_voice(language, _voices_by_language())
    target = profiles.load_profile(profile) if profile is not None else None
    return _Plan(voice, target, speed=speed, pitch_semitones=pitch_semitones)


class _Plan:
    """How the synthesiser is set for one speaker: voice, rate, pitch and a resampling.

    The resampling reaches a pitch beyond the synthesiser's range.
    """

    def __init__(
        self, voice: str, target: Statistics | None, *, speed: float, pitch_semitones: float
    ) -> None:
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
        """Return the reference's pace in words a minute.

        It stays within the range where double and half still work.
        """
        if self.target is None:
            return NORMAL_RATE

        base = _measure_base_voice(ENGLISH, self.name.removeprefix(self.plain), self.pitch_step)
        return float(np.clip(NORMAL_RATE * self.target.pace / max(base.pace, 0.1), 160.0, 205.0))

    @property
    def pitch_step(self) -> int:
        """Return the pitch, rounded so that base statistics can be cached."""
        return min(99, 10 * round(self.pitch / 10))


def _synthesize_sentence(plan: _Plan, text: str, language: str, fidelity: Fidelity) -> Sound | None:
    utterance = Utterance(text=text, voice=plan.name, rate=plan.rate, pitch=plan.pitch)
    sound = _synthesize_utterance(utterance)
    if sound is None or len(sound.samples) == 0 or float(np.abs(sound.samples).max()) < _AUDIBLE:
        return None

    if plan.stretch != 1.0:
        sound = Sound(sound.resample(round(sound.rate / plan.stretch)).samples, sound.rate)

    sound = sound.resample(RATE)
    if plan.target is None:
        return sound

    paragraph = _calibration_paragraph(language, plan.plain)
    source = _measure_base_voice(paragraph, plan.name.removeprefix(plan.plain), plan.pitch_step)
    return voice_adaptation.adapt_voice(
        sound, source=source, target=plan.target, close=fidelity == "close"
    )


def _synthesize_utterance(utterance: Utterance) -> Sound | None:
    return _synthesiser.say(utterance)


def _calibration_paragraph(language: str, voice: str) -> tuple[str, str]:
    """Return the paragraph for the synthesiser's voice, with the voice that reads it."""
    text = PARAGRAPHS.get(language.partition("-")[0].lower())
    return (text, voice) if text else ENGLISH


@lru_cache(maxsize=64)
def _measure_base_voice(paragraph: tuple[str, str], variant: str, pitch: int) -> Statistics:
    text, voice = paragraph
    utterance = Utterance(text=text, voice=voice + variant, rate=NORMAL_RATE, pitch=pitch)
    sound = _synthesize_utterance(utterance)
    if sound is None:
        raise EngineUnavailable("The voice engine has lost a voice.")

    return measure_voice((sound,))


@lru_cache(maxsize=1)
def _voices_by_language() -> MappingProxyType[str, str]:
    return MappingProxyType(language_tags.map_language_tags(_synthesiser.list_voices()))


def _check_arguments(*, text: str, speed: float, pitch_semitones: float) -> None:
    for name, value, (least, most) in (
        ("prosody.speed", speed, SPEED),
        ("prosody.pitch_semitones", pitch_semitones, PITCH),
    ):
        if not least <= value <= most:
            raise _build_out_of_range(f"`{name}` must lie between {least:g} and {most:g}.", name)

    if len(text) > MOST_CHARACTERS:
        raise _build_out_of_range(f"The text is over {MOST_CHARACTERS} characters.", "text")


def _build_out_of_range(detail: str, attr: str) -> Invalid:
    fault = Fault(code="out_of_range", detail=detail, attr=attr)
    return Invalid(detail, code="out_of_range", faults=(fault,))


def _join_sounds(pieces: list[Sound]) -> Sound:
    pause = np.zeros(int(_PAUSE_SECONDS * RATE), dtype=np.float32)
    parts = [part for piece in pieces for part in (piece.samples, pause)][:-1]
    return Sound(np.concatenate(parts), RATE)


def _level_sound(sound: Sound) -> Sound:
    return Sound((sound.samples * np.float32(_level_factor(sound))).astype(np.float32), sound.rate)


def _level_factor(sound: Sound) -> float:
    """Return the factor that brings speech (not pauses) to -23 dB below full scale.

    It is less where a peak would pass 0.95.
    """
    size = RATE // 50
    blocks = sound.samples[: len(sound.samples) // size * size].reshape(-1, size).astype(np.float64)
    if len(blocks):
        powers = (blocks**2).mean(axis=1)
    else:
        powers = np.array([np.mean(sound.samples.astype(np.float64) ** 2)])

    level = float(np.sqrt(powers[powers >= powers.max() / 1000].mean()))
    peak = float(np.abs(sound.samples).max())
    return min(_LOUDNESS / max(level, 1e-9), _PEAK / max(peak, 1e-9))

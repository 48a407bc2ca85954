"""The built-in engine as a provider: no network, no account.

Its voice is recognisable, not a natural clone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

import engine
from audio.sound import Sound
from core.errors import Fault
from upstream.upstream_errors import ProviderRefused
from voices.providers.base import (
    AudioChunk,
    Capabilities,
    Clone,
    ProviderVoice,
    SpeechLine,
    UnsupportedField,
)


class _SpeechArguments(TypedDict):
    text: str
    language: str
    speed: float
    pitch_semitones: float
    fidelity: engine.Fidelity


class Local:
    """Stores no voice of its own.

    The profile is in our vault, so deleting it there deletes the voice.
    """

    def capabilities(self) -> Capabilities:
        """Return the languages that passed the engine's self-test at start."""
        return Capabilities(languages=engine.list_languages())

    def clone(self, order: Clone) -> ProviderVoice:
        """Measure the recordings. The profile holds statistics of the voice and no audio."""
        sounds = [recording.sound for recording in order.recordings]
        profile = engine.enrol_speaker(sounds)
        return ProviderVoice(profile=profile, trial=engine.speak_trial(profile, order.language))

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        """Speak one text with the profile.

        Raises UnsupportedField, ProviderRefused, ProviderUnavailable.
        """
        with _translate_errors():
            return engine.synthesize_speech(_require_profile(voice), **_speech_arguments(line))

    def read_aloud(self, line: SpeechLine) -> Sound:
        """Speak one text in the engine's own voice, which is no person's.

        Raises UnsupportedField, ProviderUnavailable.
        """
        with _translate_errors():
            return engine.synthesize_speech(None, **_speech_arguments(line))

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Iterator[AudioChunk]:
        """Speak one text sentence by sentence.

        Raises the errors of `speak`.
        """
        with _translate_errors():
            pieces = engine.stream_speech(_require_profile(voice), **_speech_arguments(line))
        return (AudioChunk(sound=sound, characters=len(text)) for text, sound in pieces)

    def delete(self, voice: ProviderVoice) -> None:
        """Do nothing, because no voice is stored anywhere else."""


def _require_profile(voice: ProviderVoice) -> bytes:
    if voice.profile is None:
        raise ProviderRefused("This voice has no profile.")
    return voice.profile


def _speech_arguments(line: SpeechLine) -> _SpeechArguments:
    return {
        "text": line.text,
        "language": line.language,
        "speed": line.prosody.speed,
        "pitch_semitones": line.prosody.pitch_semitones,
        "fidelity": "close",
    }


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except engine.LanguageUnsupported as error:
        fault = Fault(code=UnsupportedField.code, detail=error.detail, attr="language")
        raise UnsupportedField(error.detail, faults=(fault,)) from error

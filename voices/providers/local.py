"""The built-in engine as a provider: no network, no account; a recognisable voice, not a natural clone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from core.errors import Fault
from provenance.audio.sound import Sound
from voices import engine
from voices.providers.base import Capabilities, Clone, Handle, Line, Piece, ProviderRefused, UnsupportedField


class _Said(TypedDict):
    text: str
    language: str
    speed: float
    pitch_semitones: float
    fidelity: engine.Fidelity


class Local:
    """Keeps no voice of its own: the profile lies in our vault, so deleting it there deletes the voice."""

    def capabilities(self) -> Capabilities:
        """Languages as found by the engine's self-test at start."""
        return Capabilities(languages=engine.languages())

    def clone(self, order: Clone) -> Handle:
        """Measure the recordings; the profile holds statistics of the voice and no audio."""
        return Handle(profile=engine.enrol([recording.sound for recording in order.recordings]))

    def speak(self, voice: Handle, line: Line) -> Sound:
        """Speak one text with the profile. Raises UnsupportedField, ProviderRefused, ProviderDown."""
        with _our_words():
            return engine.speak(_profile(voice), **_said(line))

    def stream(self, voice: Handle, line: Line) -> Iterator[Piece]:
        """Speak it sentence by sentence. Raises as `speak`."""
        with _our_words():
            pieces = engine.stream(_profile(voice), **_said(line))
        return (Piece(sound=sound, characters=len(text)) for text, sound in pieces)

    def delete(self, voice: Handle) -> None:
        """Nothing lies anywhere else."""


def _profile(voice: Handle) -> bytes:
    if voice.profile is None:
        raise ProviderRefused("This voice has no profile.")
    return voice.profile


def _said(line: Line) -> _Said:
    return {
        "text": line.text,
        "language": line.language,
        "speed": line.prosody.speed,
        "pitch_semitones": line.prosody.pitch_semitones,
        "fidelity": "close",
    }


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except engine.LanguageUnsupported as error:
        fault = Fault(code=UnsupportedField.code, detail=error.detail, attr="language")
        raise UnsupportedField(error.detail, faults=(fault,)) from error

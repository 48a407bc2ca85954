"""The interface of every voice provider: clone, speak, delete, and its capabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from audio.sound import Sound
from core.errors import Invalid, Unavailable

SPEED: Final = (0.5, 2.0)
"""How fast an engine speaks that names no bounds of its own, by its usual speed."""
PITCH_SEMITONES: Final = (-12.0, 12.0)
"""How far such an engine moves the pitch."""


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not in time. Nothing was decided. Trying again may help."""

    code = "provider_unavailable"


class ProviderRefused(Invalid):
    """The provider does not take this request, and would not take it again."""

    code = "provider_refused"


class UnsupportedField(Invalid):
    """A field is set that the engine does not support. It is refused, never dropped in silence."""

    code = "unsupported_field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider supports. Languages are primary tags (`en`), ranges inclusive.

    `emotions` and `options` are allow-lists. Empty means that the field is refused when it is set.
    """

    languages: frozenset[str]
    speed: tuple[float, float] = SPEED
    pitch_semitones: tuple[float, float] = PITCH_SEMITONES
    emotions: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    denoise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRecording:
    """One sample: the bytes as uploaded, and their sound."""

    data: bytes = field(repr=False)
    sound: Sound = field(repr=False)
    transcript: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """The source of a voice.

    `reference` is our own id of the voice, by which a repeated call finds its first result.
    """

    reference: str
    language: str
    recordings: Sequence[ReferenceRecording] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderVoice:
    """A provider's handle of a voice: its own id there, or the profile of our engine.

    `trial` is a short piece of its speech, by which a new voice is compared with its recordings.
    """

    remote_id: str | None = field(default=None, repr=False)
    profile: bytes | None = field(default=None, repr=False)
    trial: Sound | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosody:
    """How to speak: speed as a factor, pitch in semitones, emotion by the provider's own word."""

    speed: float = 1.0
    pitch_semitones: float = 0.0
    emotion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechLine:
    """One text to speak in one language."""

    text: str = field(repr=False)
    language: str
    prosody: Prosody = field(default_factory=Prosody)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedAudio:
    """A text as a file, as the provider sent it.

    The file may hold more than the sound (Content Credentials).
    """

    data: bytes = field(repr=False)


class Provider(Protocol):
    """A voice provider.

    Every call may raise ProviderUnavailable (try later) or ProviderRefused (never).
    """

    def capabilities(self) -> Capabilities:
        """Return what the provider supports."""

    def clone(self, order: Clone) -> ProviderVoice:
        """Create a voice. The same `reference` twice creates one."""

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound | EncodedAudio:
        """Speak one text.

        Raises UnsupportedField for a language that the provider does not speak.
        """

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice. A voice that does not exist counts as deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChunk:
    """A part of a text and its sound. `characters` is how much of the text it stands for."""

    sound: Sound = field(repr=False)
    characters: int


@runtime_checkable
class Streaming(Protocol):
    """A provider that returns a text piece by piece."""

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Iterator[AudioChunk]:
        """Start to speak one text. Each piece is made when it is needed, so each takes time.

        Raises the errors of `speak`.
        """

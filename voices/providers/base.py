"""The interface of every voice provider: clone, speak, delete, and its capabilities."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol, runtime_checkable

from audio.sound import Sound
from core.canonical_json import Json
from core.errors import Invalid
from upstream.upstream_errors import ProviderUnavailable
from voices.providers.option_rules import OptionRule

SPEED: Final = (0.5, 2.0)
"""How fast an engine speaks that names no bounds of its own, by its usual speed."""
PITCH_SEMITONES: Final = (-12.0, 12.0)
"""How far such an engine moves the pitch."""


class Owned(Protocol):
    """Whatever belongs to an organisation's live or test data: a voice, a principal."""

    @property
    def organisation_id(self) -> str:
        """The organisation's id."""

    @property
    def livemode(self) -> bool:
        """Whether it is live data."""


class DeletionUnconfirmed(ProviderUnavailable):
    """The provider was asked to delete a voice, and nothing says yet that it is gone.

    It is asked again until it is. Where it has no call for that, its operator removes the voice.
    """

    code = "deletion_unconfirmed"


class CopyUnfindable(DeletionUnconfirmed):
    """The provider may have a voice whose id was never written down, and lists none of its voices.

    Somebody has to look for it there, by our id.
    """

    code = "copy_unfindable"


class RemovalByHand(DeletionUnconfirmed):
    """The provider has no call that removes a voice. Its operator does, and a task says so."""


class UnsupportedField(Invalid):
    """A field is set that the engine does not support. It is refused, never dropped in silence."""

    code = "unsupported_field"


Listed = Literal["voices", "traces", "nothing", "keeps_nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider supports. Languages are primary tags (`en`), ranges inclusive.

    `emotions` and `options` are allow-lists. Empty means that the field is refused when it is set.
    `languages` of None are not known here: the provider itself refuses what it does not speak.
    `trains` means that a voice is not ready at once.
    `needs_statement` means that it clones only with a spoken statement (`SpokenStatement`).
    `most_characters` is the length of the longest text of one call, None for no bound.
    `clones` is False for a provider of preset voices alone. `most_recordings` and
    `needs_transcripts` are what it takes as the recordings of a voice. `lists` says what its list
    shows: all voices, traces of them that are made before each, nothing, or that it keeps none.
    """

    languages: frozenset[str] | None
    speed: tuple[float, float] = SPEED
    pitch_semitones: tuple[float, float] = PITCH_SEMITONES
    emotions: frozenset[str] = frozenset()
    options: Mapping[str, OptionRule] = field(default_factory=dict)
    denoise: bool = False
    trains: bool = False
    needs_statement: bool = False
    most_characters: int | None = None
    clones: bool = True
    most_recordings: int | None = None
    needs_transcripts: bool = False
    lists: Listed = "voices"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRecording:
    """One sample: the bytes as uploaded, and their sound."""

    data: bytes = field(repr=False)
    sound: Sound = field(repr=False)
    transcript: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenStatement:
    """The person's consent, spoken in the words that the provider wants."""

    data: bytes = field(repr=False)
    sound: Sound = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """The source of a voice.

    `reference` is our own id of the voice, by which a repeated call finds its first result. It is
    the name that the provider sees: a person's name never leaves. `consent_id` is the reference for
    a provider that asks for one, and `statement` the recording for one that needs it. `options` are
    those of the provider's allow-list.
    """

    reference: str
    consent_id: str
    language: str
    recordings: Sequence[ReferenceRecording] = field(repr=False)
    statement: SpokenStatement | None = field(default=None, repr=False)
    denoise: bool = False
    options: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderVoice:
    """A provider's handle of a voice: its own id there, or the profile of our engine.

    `trial` is a short piece of its speech, by which a new voice is compared with its recordings.
    `is_ready` is False while the provider still trains it (`Training`). `expires_at` is when the
    provider deletes it by itself.
    """

    remote_id: str | None = field(default=None, repr=False)
    profile: bytes | None = field(default=None, repr=False)
    trial: Sound | None = field(default=None, repr=False, compare=False)
    is_ready: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosody:
    """How to speak: speed as a factor, pitch in semitones, emotion by the provider's own word."""

    speed: float = 1.0
    pitch_semitones: float = 0.0
    emotion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechLine:
    """One text to speak in one language. `options` are those of the provider's allow-list."""

    text: str = field(repr=False)
    language: str
    prosody: Prosody = field(default_factory=Prosody)
    options: Mapping[str, Json] = field(default_factory=dict, repr=False)


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


Pieces = Iterator[AudioChunk] | AsyncGenerator[AudioChunk, None]
"""A text piece by piece.

What an engine of this process makes is an iterator, which takes a thread for each piece. What comes
over a network is awaited in an event loop, and holds none.
"""


@runtime_checkable
class Streaming(Protocol):
    """A provider that returns a text piece by piece."""

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Return the text's pieces. Each is made, or waited for, when it is asked for.

        Closing them ends the speech at once. Raises the errors of `speak`, as does the first piece.
        """


class TrainingState(StrEnum):
    """How far a provider has come with a voice."""

    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingProgress:
    """A provider's answer about a voice. `percent` is None where it says none."""

    state: TrainingState
    percent: float | None = None
    expires_at: datetime | None = None


@runtime_checkable
class Training(Protocol):
    """A provider that says how far a voice has come, and whether it is still there."""

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return the voice's progress. A voice that does not exist is `missing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteVoice:
    """A voice in a provider's list. `reference` is our own id, where the list carries it."""

    remote_id: str = field(repr=False)
    reference: str | None


@runtime_checkable
class Listing(Protocol):
    """A provider that lists the voices of an account."""

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield all voices of the account, page by page."""

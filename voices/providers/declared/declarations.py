"""What a declaration says of an engine: its calls, which field carries what, how it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from core.canonical_json import Json
from voices.providers.preset_voices import ReviewedPreset

Path = tuple[str, ...]
"""Segments below the base address, or the names that lead into a JSON document."""
VOICE: Final = "{voice}"
"""The segment of a path that stands for the voice's name at the engine."""
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:.-]{0,199}")
"""A name that is neither a path nor an address nor a mix of voices."""

SPEAKER_MARKS: Final = re.compile(
    r"<\|.{0,100}?\|>|\[\s*S\d{1,2}\s*\]|\[\s*voice\s*:|^\s*Speaker\s+\d{1,2}\s*:",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
"""Marks by which models change speaker or language within a text: Fish's and CosyVoice's `<|…|>`,
the dialogue turns `[S1]` and `Speaker 1:` of others.
"""


class Part(StrEnum):
    """What a field of a call carries."""

    TEXT = "text"
    VOICE = "voice"
    """The voice's name at the engine."""
    LANGUAGE = "language"
    """The primary tag, or the engine's own word for it."""
    LANGUAGE_TAG = "language_tag"
    """The whole tag."""
    SPEED = "speed"
    MODEL = "model"
    """The model that the account's settings name. The field is left out where they name none."""
    REFERENCE = "reference"
    """Our own id of the voice, which is its name there."""
    CONSENT = "consent"
    """The id of the consent, for an engine that wants a reference."""
    CONSENT_GIVEN = "consent_given"
    """`true`, for an engine that wants no more. Nothing is cloned without a consent."""
    TRANSCRIPT = "transcript"
    RECORDING = "recording"
    """The recording itself in base64, where the engine keeps no voice."""


Fields = Mapping[str, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswer:
    """How an engine answers a text.

    `file` is a WAV, `pcm` samples without a header, `sse` events with samples in base64, `json` a
    file in base64, and `url` the address of a file. `path` leads to the base64 or the address in a
    JSON document or event. `rate` is that of samples, None where the account's settings name it.
    `media_types` are the beginnings of the content types that are taken.
    """

    kind: Literal["file", "pcm", "sse", "json", "url"]
    path: Path = ()
    rate: int | None = None
    samples: Literal["s16le", "f32le"] = "s16le"
    event: str = "speech.audio.delta"
    media_types: tuple[str, ...] = ("audio/", "application/octet-stream")
    is_wav: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechCall:
    """The call that speaks a text. `file_field` carries the recording of a form.

    `has_final_slash` belongs to the path of a server that redirects without it. An engine that
    streams at its usual speed alone is one with `has_speed` of False.
    """

    path: Path
    fields: Fields
    answer: EngineAnswer
    constants: Mapping[str, Json] = field(default_factory=dict)
    body: Literal["json", "form"] = "json"
    file_field: str | None = None
    has_speed: bool = True
    has_final_slash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLimits:
    """What an engine takes as the one recording of a voice: seconds, and bytes of a WAV."""

    least_seconds: float = 1.0
    most_seconds: float = 300.0
    most_bytes: int = 32 * 2**20
    needs_transcript: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceUpload:
    """The call that adds a voice, as a form with one file.

    `id_path` leads to the engine's own id in its answer. Without one the voice is named by ours, as
    the fields or the file's name say. `there` are the statuses that mean that an earlier try made
    it. `suffix` belongs to the name of an engine whose voices are files.
    """

    path: Path
    file_field: str
    fields: Fields = field(default_factory=dict)
    constants: Mapping[str, Json] = field(default_factory=dict)
    limits: RecordingLimits = field(default_factory=RecordingLimits)
    id_path: Path = ()
    there: frozenset[int] = frozenset()
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineReference:
    """The recording goes along with each text. It is kept by us and not by the engine."""

    limits: RecordingLimits = field(default_factory=RecordingLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineListing:
    """The call that lists voices. `rows` leads to the list, whose rows are texts without `id_name`.

    `reference_name` is the member that holds our own id, where that is not the engine's.
    """

    path: Path
    rows: Path = ()
    id_name: str | None = None
    reference_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLookup:
    """The call that shows one voice. `language` leads to the language that it was added with."""

    path: Path
    language: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRemoval:
    """The call that removes a voice, named in the path or in the field of a JSON body."""

    path: Path
    body_field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDeclaration:
    """An engine.

    `adding` of None is an engine that has preset voices alone. `removal` of None means that its
    operator removes voices by hand. `asks_first` is set for an engine that speaks with some default
    voice where it does not know the one that is asked for.

    `languages` are the engine's words by primary tag, `other_language` its word for all others; an
    engine with words and without that one speaks no others. `forbidden` finds what would have the
    engine change the voice within a text. `settings` are what an account may say, and `needed` what
    it must. `presets` are its own voices that may have a licence record, and `unknown_preset` a
    name of their shape that is none.
    """

    name: str
    speech: SpeechCall
    stream: SpeechCall | None = None
    adding: VoiceUpload | InlineReference | None = None
    listing: EngineListing | None = None
    lookup: VoiceLookup | None = None
    removal: VoiceRemoval | None = None
    asks_first: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    voice_pattern: re.Pattern[str] = PLAIN_NAME
    voice_prefix: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    other_language: str = ""
    speed: tuple[float, float] = (1.0, 1.0)
    most_characters: int | None = None
    forbidden: re.Pattern[str] | None = None
    settings: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    presets: tuple[ReviewedPreset, ...] = ()
    unknown_preset: str = ""
    is_self_hosted: bool = True
    base_url: str | None = None
    """The one address of a hosted engine."""

"""What callers ask for, checked and complete: a text to speak, or a voice to clone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from audio.encoding import Output
from consent.policy.text_findings import TextFinding
from core.caller_notes import Notes
from core.canonical_json import Json
from voices.moderation import content_moderation
from voices.moderation.content_moderation import ContentFinding
from voices.providers.base import Owned, Prosody, Provider
from voices.text_language.text_check import find_text_language

Providers = Callable[[str, Owned], Provider]
"""Returns the provider of a name, connected for its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """One text to speak.

    `text` and `notes` may name people and are never logged. `key_channel` and `key_territory` are
    the defaults of the key: their duties stay, whatever place the call names. `padding` allows room
    tone behind a line that is too short for a watermark. `options` are the
    provider's own, by its name. `call_hash` names a call that an SDK may send again.
    """

    voice_id: str
    text: str = field(repr=False)
    language: str
    use_case: str
    channel: str | None = None
    territory: str | None = None
    key_channel: str | None = None
    key_territory: str | None = None
    labels: tuple[str, ...] = ()
    output: Output = field(default_factory=Output)
    padding: bool = True
    prosody: Prosody = field(default_factory=Prosody)
    disclosure: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict, repr=False)
    call_hash: str = ""
    notes: Notes = field(default_factory=Notes, repr=False)

    def list_options(self, provider: str) -> Mapping[str, Json]:
        """Return the options for this provider, by name."""
        own = self.options.get(provider)
        return own if isinstance(own, dict) else {}

    def judge_language(self) -> TextFinding | None:
        """Return how well the text fits its language, or None for a language that is not known.

        Raises DetectorBroken.
        """
        return find_text_language(self.text, self.language)

    def judge_content(self, owner: Owned) -> ContentFinding:
        """Return what the organisation's moderation endpoint finds in the text."""
        return content_moderation.judge_content(self.text, owner)

    def to_json(self) -> dict[str, Any]:
        """Return the request as JSON, to be sealed while it waits."""
        # Sealed as a whole: even its codes are the caller's own words.
        return {
            "text": self.text,
            "notes": {**asdict(self.notes), "metadata": dict(self.notes.metadata)},
            "language": self.language,
            "use_case": self.use_case,
            "channel": self.channel,
            "territory": self.territory,
            "key_channel": self.key_channel,
            "key_territory": self.key_territory,
            "labels": list(self.labels),
            "output": asdict(self.output),
            "padding": self.padding,
            "prosody": asdict(self.prosody),
            "disclosure": self.disclosure,
            "options": dict(self.options),
        }

    @classmethod
    def from_json(cls, voice_id: str, stored: Mapping[str, Any]) -> SpeechRequest:
        """Return a request that waited in a job."""
        return cls(
            voice_id=voice_id,
            **{
                **stored,
                "labels": tuple(stored["labels"]),
                "notes": Notes(**stored["notes"]),
                "output": Output(**stored["output"]),
                "prosody": Prosody(**stored["prosody"]),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneRequest:
    """A voice to make from samples, as uploaded.

    `statement_id` names the statement for a provider that needs one, "" the newest of the consent.
    A call that an SDK may repeat has a `repeat_key`: while its voice stands, no second one is made.
    """

    consent_id: str
    name: str = field(repr=False)
    description: str = field(default="", repr=False)
    language: str
    use_case: str | None = None
    provider: str = "local"
    channel: str | None = None
    territory: str | None = None
    samples: tuple[bytes, ...] = field(repr=False)
    transcripts: tuple[str | None, ...] = field(default=(), repr=False)
    denoise: bool = False
    statement_id: str = ""
    options: Mapping[str, Json] = field(default_factory=dict, repr=False)
    repeat_key: str = ""
    notes: Notes = field(default_factory=Notes, repr=False)

"""What callers ask for, checked and complete: the form in which orders travel from the edge to the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from provenance.audio.encoding import Output
from voices.providers.base import Prosody, Provider

Providers = Callable[[str], Provider]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, for which organisation, about live or test data."""

    organisation_id: str
    livemode: bool
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOrder:
    """One text to speak. `words` of the caller (text, references, metadata) may name people and are never logged."""

    voice_id: str
    text: str = field(repr=False)
    language: str
    use_case: str
    channel: str | None = None
    territory: str | None = None
    labels: tuple[str, ...] = ()
    output: Output = field(default_factory=Output)
    prosody: Prosody = field(default_factory=Prosody)
    disclosure: str | None = None
    client_reference: str = field(default="", repr=False)
    external_id: str = field(default="", repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)

    def words(self) -> dict[str, Any]:
        """The part that is kept sealed while the order waits."""
        return {
            "text": self.text,
            "client_reference": self.client_reference,
            "external_id": self.external_id,
            "metadata": dict(self.metadata),
        }

    def terms(self) -> dict[str, Any]:
        """The rest, as JSON: what is asked of the gate and of the engine."""
        return {
            "language": self.language,
            "use_case": self.use_case,
            "channel": self.channel,
            "territory": self.territory,
            "labels": list(self.labels),
            "output": asdict(self.output),
            "prosody": asdict(self.prosody),
            "disclosure": self.disclosure,
        }

    @classmethod
    def read(cls, voice_id: str, terms: Mapping[str, Any], words: Mapping[str, Any]) -> SpeechOrder:
        """Put an order together again that waited in a job."""
        plain = {**terms, **words}
        return cls(
            voice_id=voice_id,
            **{
                **plain,
                "labels": tuple(plain["labels"]),
                "output": Output(**plain["output"]),
                "prosody": Prosody(**plain["prosody"]),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneOrder:
    """A voice to make from samples, as uploaded."""

    consent_id: str
    name: str = field(repr=False)
    description: str = field(default="", repr=False)
    language: str
    use_case: str
    provider: str = "local"
    channel: str | None = None
    territory: str | None = None
    samples: tuple[bytes, ...] = field(repr=False)
    transcripts: tuple[str | None, ...] = field(default=(), repr=False)
    external_id: str = field(default="", repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)

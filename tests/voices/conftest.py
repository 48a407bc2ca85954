"""The people of the voices tests: Mara who consents, voices of hers, and providers written by
hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import soundfile
from django.db import transaction

import engine
from accounts.models import Organisation
from accounts.principal import Principal
from audio.sound import Sound
from consent import services as consents
from consent.models import Consent
from core import ids
from tests.conftest import NOON
from vault import blobs, sealed_values
from voices import voice_labels, voice_macs
from voices.models import Voice, VoiceState
from voices.providers.base import Capabilities, Clone, Provider, ProviderVoice, SpeechLine
from voices.synthesis_requests import Providers, SpeechRequest

# An APIClient; its stubs know no `json()` of its answers.
Http = Any

AUDIO = Path(__file__).parent.parent / "data" / "audio"
AUDIOBOOK = "entertainment.audiobook"
SENTENCE = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another."
)


def noon() -> datetime:
    return NOON


STRANGER = "flite-slt.flac"
"""A recording of someone else than the reader."""


def reading(name: str = "0870") -> Sound:
    """A stretch of a real reader."""
    return recording(f"librivox-austen-{name}.wav")


@lru_cache
def recording(file: str) -> Sound:
    """One of the recordings of the tests."""
    samples, rate = soundfile.read(AUDIO / file, dtype="float32")
    return Sound(np.asarray(samples, dtype=np.float32), rate)


SECONDS = 3  # long enough to be marked, short enough for many tests


class Reader:
    """A provider that answers every text with three seconds of a reader, after what a test wants
    done meanwhile.
    """

    def __init__(
        self, meanwhile: Callable[[], object] = lambda: None, sound: Sound | None = None
    ) -> None:
        self.meanwhile = meanwhile
        self.sound = sound
        self.spoken: list[str] = []
        self.deleted: list[ProviderVoice] = []

    def capabilities(self) -> Capabilities:
        return Capabilities(languages=frozenset({"en", "de", "ja"}))

    def clone(self, order: Clone) -> ProviderVoice:
        self.meanwhile()
        return ProviderVoice(profile=b"profile of " + order.reference.encode())

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        self.spoken.append(line.language)
        self.meanwhile()
        whole = reading()
        return self.sound or Sound(whole.samples[: SECONDS * whole.rate], whole.rate)

    def delete(self, voice: ProviderVoice) -> None:
        self.meanwhile()
        self.deleted.append(voice)


def only(provider: Provider) -> Providers:
    """A register with this provider under every name."""
    return lambda _name, _owner: provider


class MakeConsent(Protocol):
    def __call__(
        self,
        *,
        grants: Sequence[Mapping[str, Any]] | None = None,
        organisation: Organisation | None = None,
        signed: bool = True,
        providers: Sequence[str] | None = None,
        **grant: Any,
    ) -> Consent: ...


class MakeVoice(Protocol):
    def __call__(
        self, consent: Consent | None = None, *, state: str = VoiceState.READY, **grant: Any
    ) -> Voice: ...


def grant_of(**changes: Any) -> dict[str, Any]:
    """A grant for audiobooks in English and German."""
    return {
        "use_case": AUDIOBOOK,
        "intended_uses": (
            "Narration of the novel “The Harbour Lamps”, unabridged, in two languages."
        ),
        "actions": ["clone", "synthesize"],
        "languages": ["en", "de"],
        "channels": ["*"],
        "territories": ["*"],
        "exclusions": [],
        "quota": {"characters": 100_000},
    } | changes


def voice_of(consent: Consent, state: str) -> Voice:
    """A voice as the cloning leaves it, without its work."""
    voice_id, subject = ids.new("vox"), consent.speaker.subject
    profile = blobs.store_blob(subject=subject, kind="profile", data=b"a profile", at=NOON)
    label = {"name": "Mara, narrator", "description": ""}
    voice = Voice(
        id=voice_id,
        organisation_id=consent.organisation_id,
        livemode=consent.livemode,
        consent_id=consent.id,
        speaker_id=consent.speaker_id,
        subject=subject,
        decision_id=ids.new("dec"),
        provider="local",
        language="en",
        use_case=AUDIOBOOK,
        state=state,
        profile_blob_id=profile,
        sealed_label=sealed_values.seal(subject, voice_labels.label_context(voice_id), label),
        created_at=NOON,
        ready_at=NOON,
    )
    voice.binding_mac = voice_macs.compute_voice_mac(voice)
    voice.save(force_insert=True)
    return voice


@pytest.fixture
def profile(voice: Voice) -> None:
    """Give the voice a profile that the built-in engine can speak with."""
    with transaction.atomic():
        blob = blobs.store_blob(
            subject=voice.subject, kind="profile", data=engine.enrol_speaker([reading()]), at=NOON
        )
        voice.profile_blob_id = blob
        voice.binding_mac = voice_macs.compute_voice_mac(voice)
        voice.save(update_fields=["profile_blob_id", "binding_mac"])


def principal_of(row: Voice | Consent) -> Principal:
    """The row's own organisation asks."""
    return Principal(organisation_id=row.organisation_id, livemode=row.livemode, actor="key:test")


def order_for(voice: Voice, **changes: Any) -> SpeechRequest:
    """A sentence for an audiobook, in English."""
    fields: dict[str, Any] = {"text": SENTENCE, "language": "en", "use_case": AUDIOBOOK} | changes
    return SpeechRequest(voice_id=voice.id, **fields)


def revoke(consent_id: str, organisation_id: str, *, at: datetime = NOON) -> None:
    """The person changes their mind."""
    consents.withdraw_consent(
        consent_id,
        organisation_id=organisation_id,
        livemode=False,
        reason="withdrawn",
        actor="speaker",
        at=at,
    )


@pytest.fixture
def make_consent(make_maras_consent: MakeConsent) -> MakeConsent:
    """In this room consents are Mara's."""
    return make_maras_consent


@pytest.fixture
def client(product: Http) -> Http:
    """In this room the client is Acme's product."""
    return product


def say(client: Http, voice: Voice, **changes: Any) -> Any:
    """`POST /v1/speech` with a sentence for an audiobook, in English."""
    wanted: dict[str, Any] = {
        "voice": voice.id,
        "text": SENTENCE,
        "language": "en",
        "use_case": AUDIOBOOK,
    }
    return client.post("/v1/speech", wanted | changes, format="json")

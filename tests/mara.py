"""Mara in every room: her consents, a voice of hers and a clip of it. What they are made of is in tests/voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Organisation
from consent import services as consents
from consent.models import Consent
from core import clock, ids
from provenance.audio.encoding import Output
from tests.cast import ClientOf, MakeKey
from tests.conftest import NOON
from tests.voices.conftest import (
    Http,
    MakeConsent,
    MakeVoice,
    Reader,
    asker_of,
    grant_of,
    noon,
    only,
    order_for,
    voice_of,
)
from voices import pipeline
from voices.models import Voice, VoiceState
from voices.pipeline import Spoken
from voices.providers import registry


@pytest.fixture
def make_maras_consent(acme: Organisation) -> MakeConsent:
    """Makes test-mode consents of fresh people, signed unless told otherwise."""

    def make(
        *,
        grants: Sequence[Mapping[str, Any]] | None = None,
        organisation: Organisation | None = None,
        signed: bool = True,
        **grant: Any,
    ) -> Consent:
        home = organisation or acme
        speaker = consents.create_speaker(
            organisation=home,
            livemode=False,
            name="Mara Lindqvist",
            email=f"mara-{ids.new('spk')}@example.org",
            actor="system:test",
            at=NOON,
        )
        asked = consents.request_consent(
            organisation=home,
            livemode=False,
            speaker_id=speaker.id,
            grants=list(grants or [grant_of(**grant)]),
            duration="P1Y",
            jurisdictions=["EU"],
            actor="system:test",
            at=NOON,
        )
        if not signed:
            return asked.consent
        return consents.sign_as_test(asked.consent.id, organisation_id=home.id, actor="system:test", at=NOON)

    return make


@pytest.fixture
def make_voice(make_maras_consent: MakeConsent) -> MakeVoice:
    """Makes voices as the cloning leaves them, without its work."""

    def make(consent: Consent | None = None, *, state: str = VoiceState.READY, **grant: Any) -> Voice:
        owner = consent or make_maras_consent(**grant)
        with transaction.atomic():
            return voice_of(owner, state)

    return make


@pytest.fixture
def clock_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edges read noon from the clock: all data of these tests is of that time."""
    monkeypatch.setattr(clock, "now", noon)


@pytest.fixture
def product(make_key: MakeKey, client_of: ClientOf, clock_at_noon: None) -> Http:
    """Acme's product with a test key, at noon."""
    return client_of(make_key())


@pytest.fixture
def voice(make_voice: MakeVoice) -> Voice:
    """A voice that is ready."""
    return make_voice()


@pytest.fixture
def spoken(voice: Voice) -> Spoken:
    """A clip of hers, three seconds as WAV."""
    order = order_for(voice, output=Output(codec="wav"))
    return pipeline.speak(order, asker=asker_of(voice), now=noon, providers=only(Reader()))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The provider named `local` answers with a real reader."""
    reader = Reader()
    monkeypatch.setattr(registry, "_FACTORIES", {"local": lambda: reader})
    return reader

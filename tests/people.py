"""Ada and what she is asked: speakers and consents as maker fixtures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import pytest

from accounts.models import Organisation
from consent import services
from consent.life.requests import Requested
from consent.models import Consent, Speaker
from tests.cast import MakeOrganisation
from tests.conftest import NOON

AUDIOBOOKS: Mapping[str, Any] = {
    "use_case": "entertainment.audiobook",
    "intended_uses": "Narration of the novel “The Lighthouse”, unabridged, in two languages.",
    "actions": ["clone", "synthesize"],
    "languages": ["en", "de-DE"],
    "channels": ["streaming", "app"],
    "territories": ["DE", "AT", "CH"],
    "exclusions": ["political"],
    "quota": {"characters": 100_000},
}
MUSEUM: Mapping[str, Any] = {
    "use_case": "education.museum",
    "intended_uses": "Audio guide of the harbour museum, about forty stops.",
    "actions": ["clone", "synthesize"],
    "languages": ["de"],
    "channels": ["device"],
    "territories": ["DE"],
    "exclusions": [],
    "quota": {},
}


class MakeSpeaker(Protocol):
    def __call__(
        self,
        *,
        organisation: Organisation | None = None,
        name: str = "Ada Example",
        live: bool = False,
        at: datetime = NOON,
        **options: Any,
    ) -> Speaker: ...


class MakeRequest(Protocol):
    def __call__(
        self,
        *,
        speaker: Speaker | None = None,
        grants: tuple[Mapping[str, Any], ...] = (AUDIOBOOKS,),
        at: datetime = NOON,
        **options: Any,
    ) -> Requested: ...


class MakeConsent(Protocol):
    def __call__(self, *, signed: bool = True, at: datetime = NOON, **options: Any) -> Consent: ...


@pytest.fixture
def make_speaker(make_organisation: MakeOrganisation) -> MakeSpeaker:
    """Makes people, test data of Acme unless told otherwise."""

    def make(
        *,
        organisation: Organisation | None = None,
        name: str = "Ada Example",
        live: bool = False,
        at: datetime = NOON,
        **options: Any,
    ) -> Speaker:
        return services.create_speaker(
            organisation=organisation or make_organisation(),
            livemode=live,
            name=name,
            email=options.pop("email", "ada@example.org"),
            actor="system:test",
            at=at,
            **options,
        )

    return make


@pytest.fixture
def make_request(make_speaker: MakeSpeaker) -> MakeRequest:
    """Asks for consent for a year, to audiobooks unless told otherwise; gives the request with its link."""

    def make(
        *,
        speaker: Speaker | None = None,
        grants: tuple[Mapping[str, Any], ...] = (AUDIOBOOKS,),
        at: datetime = NOON,
        **options: Any,
    ) -> Requested:
        person = speaker or make_speaker(at=at)
        term = {} if "valid_until" in options or "duration" in options else {"duration": "P1Y"}
        return services.request_consent(
            organisation=person.organisation,
            livemode=person.livemode,
            speaker_id=person.id,
            grants=grants,
            actor="system:test",
            at=at,
            **{**term, **options},
        )

    return make


@pytest.fixture
def make_consent(make_request: MakeRequest) -> MakeConsent:
    """Makes consents of test data, signed through the test route unless told otherwise."""

    def make(*, signed: bool = True, at: datetime = NOON, **options: Any) -> Consent:
        consent = make_request(at=at, **options).consent
        if signed:
            return services.sign_as_test(
                consent.id, organisation_id=consent.organisation_id, actor="system:test", at=at
            )
        return consent

    return make

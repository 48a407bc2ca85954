"""Fixtures for the tests of consent; the makers behind them are in `people.py`."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Organisation
from consent import services
from consent.models import Consent, Speaker
from core import clock
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import consent_factories
from tests.support.consent_factories import KEY, MakeConsent, MakeRequest, MakeSpeaker


@pytest.fixture
def make_speaker(acme: Organisation) -> MakeSpeaker:
    """Makes speakers of Acme."""

    def make(**changes: Any) -> Speaker:
        return consent_factories.make_speaker(changes.pop("organisation", acme), **changes)

    return make


@pytest.fixture
def ana(make_speaker: MakeSpeaker) -> Speaker:
    """A person whose voice this is."""
    return make_speaker()


@pytest.fixture
def make_request(ana: Speaker) -> MakeRequest:
    """Makes requests to Ana (or to `speaker`), for audiobooks for a year unless told otherwise."""

    def make(*grants: dict[str, Any], **changes: Any) -> services.ConsentRequest:
        speaker = changes.pop("speaker", ana)
        known: dict[str, Any] = {
            "duration": "P1Y",
            "at": NOON,
            "actor": KEY,
            "jurisdictions": ["EU"],
            **changes,
        }
        if "valid_until" in changes and "duration" not in changes:
            known.pop("duration")
        return services.request_consent(
            organisation=speaker.organisation,
            livemode=speaker.livemode,
            speaker_id=speaker.id,
            grants=grants or (consent_factories.AUDIOBOOK,),
            **known,
        )

    return make


@pytest.fixture
def make_consent(make_request: MakeRequest) -> MakeConsent:
    """Makes signed consents, signed at NOON by the test route."""

    def make(*grants: dict[str, Any], **changes: Any) -> Consent:
        made = make_request(*grants, **changes).consent
        return services.sign_as_test(
            made.id, organisation_id=made.organisation_id, actor=KEY, at=NOON
        )

    return make


@pytest.fixture
def consent(make_consent: MakeConsent) -> Consent:
    """Ana's consent to audiobooks in English and German of Germany, 1000 characters, for a year."""
    return make_consent()


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def api(make_key: MakeKey, client_of: ClientOf) -> APIClient:
    """A client with a test key of Acme."""
    return client_of(make_key())

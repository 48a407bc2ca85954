"""Makers for the tests of consent: Ana, what she is asked, and what she signs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from accounts.models import Organisation
from consent import gate, services
from consent.models import Consent, Speaker
from consent.policy.text_findings import TextFinding
from tests.conftest import NOON

KEY = "key:test"
AUDIOBOOK: dict[str, Any] = {
    "use_case": "entertainment.audiobook",
    "intended_uses": "Narration of the novel X, unabridged, in two languages.",
    "actions": ["clone", "synthesize"],
    "languages": ["en", "de-DE"],
    "channels": ["*"],
    "territories": ["*"],
    "exclusions": [],
    "quota": {"characters": 1000},
}


def grant(**changes: Any) -> dict[str, Any]:
    """The audiobook grant of the API's example, with changes."""
    return {**AUDIOBOOK, **changes}


class MakeSpeaker(Protocol):
    def __call__(self, **changes: Any) -> Speaker: ...


class MakeRequest(Protocol):
    def __call__(self, *grants: dict[str, Any], **changes: Any) -> services.ConsentRequest: ...


class MakeConsent(Protocol):
    def __call__(self, *grants: dict[str, Any], **changes: Any) -> Consent: ...


def make_speaker(organisation: Organisation, *, at: datetime = NOON, **changes: Any) -> Speaker:
    """Enter Ana María, in the sandbox unless told otherwise."""
    known: dict[str, Any] = {
        "livemode": False,
        "name": "Ana María Gómez",
        "email": "ana@example.org",
        **changes,
    }
    return services.create_speaker(organisation=organisation, actor=KEY, at=at, **known)


def ask_for(consent: Consent, **changes: Any) -> gate.AccessRequest:
    """What a caller wants: one English audiobook sentence, with changes."""
    known: dict[str, Any] = {
        "organisation_id": consent.organisation_id,
        "livemode": consent.livemode,
        "action": "synthesize",
        "consent_id": consent.id,
        "language": "en-GB",
        "use_case": "entertainment.audiobook",
        "provider": "local",
        "characters": 100,
        "text": TextFinding(fit="fits"),
        **changes,
    }
    return gate.AccessRequest(**known)


def check(consent: Consent, *, at: datetime = NOON, **changes: Any) -> gate.Permit:
    """Ask the gate."""
    return gate.check(ask_for(consent, **changes), at=at, actor=KEY)


def codes(consent: Consent, *, at: datetime = NOON, **changes: Any) -> list[str]:
    """The reasons that the gate gives, or none when it gives a permit."""
    try:
        check(consent, at=at, **changes)
    except gate.ConsentDenied as denied:
        return [reason.code for reason in denied.reasons]
    return []


def confirm(permit: gate.Permit, *, at: datetime = NOON) -> None:
    """Confirm in a transaction of its own."""
    with transaction.atomic():
        gate.confirm(permit, at=at)


def deliver(
    permit: gate.Permit, *, characters: int = 100, milliseconds: int = 0, at: datetime = NOON
) -> None:
    """Confirm and spend, as a delivery does."""
    with transaction.atomic():
        gate.confirm(permit, at=at)
        gate.commit(permit, characters=characters, milliseconds=milliseconds, at=at)


def of(consent: Consent) -> dict[str, Any]:
    """How services name a consent, by whom and when."""
    return {
        "organisation_id": consent.organisation_id,
        "livemode": consent.livemode,
        "actor": KEY,
        "at": NOON,
    }


def revoke(consent: Consent, *, reason: str = "", at: datetime = NOON, actor: str = KEY) -> Consent:
    """Revoke a consent."""
    return services.withdraw_consent(
        consent.id, reason=reason, **{**of(consent), "at": at, "actor": actor}
    )


def token_of(made: services.ConsentRequest) -> str:
    """The secret in a link."""
    assert made.signing_url is not None
    return made.signing_url.rsplit("/", 1)[1]

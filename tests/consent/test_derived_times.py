"""Every time that is derived from a consent ends with it, and no column that ends something was
forgotten.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

import pytest
from django.apps import apps
from django.db.models import DateTimeField

from consent import gate, services
from consent.lifecycle.consent_requests import LINK_LASTS
from consent.models import Consent, Decision, Reservation
from tests.conftest import NOON
from tests.support.consent_factories import MakeConsent, MakeRequest, ask_for, of

pytestmark = pytest.mark.django_db

ROOMS: Final = (
    "accounts",
    "consent",
    "erasure",
    "provenance",
    "transparency_log",
    "vault",
    "voices",
)
CAPPED: Final = {
    "consent.Consent.link_expires_at": "by the end that is asked for",
    "consent.Decision.expires_at": "by the term; with it the permit",
    "consent.Reservation.expires_at": "by its decision",
}
APART: Final = {
    "accounts.ApiKey.expires_at": "a key gives no consent; `may_still` asks for both",
    "accounts.ApiKey.previous_until": "the older secret of the same key",
    "accounts.LoginSession.expires_at": "a login of a member",
    "accounts.Member.access_until": "a member of the organisation",
    "accounts.SharedValue.expires_at": "a counter that is shared between processes",
    "accounts.IdempotencyRecord.lease_until": (
        "a lock of work; a stored answer is judged again before it is repeated"
    ),
    "consent.Consent.asked_until": "the end that is asked for",
    "consent.Consent.valid_until": "the end itself",
    "consent.Delivery.due_at": "when a letter is tried again; its link has an end of its own",
    "consent.Delivery.lease_until": "a lock of work",
    "consent.Representative.valid_until": "ends a consent earlier, never later",
    "transparency_log.AttestationTask.due_at": "when a witness is asked again",
    "transparency_log.AttestationTask.lease_until": "a lock of work",
    "provenance.Clip.lease_until": "a lock of work",
    "provenance.Export.expires_at": "a bundle of records, which proves and holds no audio",
    "provenance.Export.due_at": "when a bundle is made again",
    "provenance.Export.lease_until": "a lock of work",
    "provenance.Fingerprint.due_at": "when a fingerprint is filed again",
    "provenance.Fingerprint.lease_until": "a lock of work",
    "vault.SigningKey.valid_until": "a key that signs",
    "erasure.Erasure.due_at": "when an erasure is carried on",
    "erasure.Erasure.lease_until": "a lock of work",
    "voices.ProviderAccount.canary_due_at": "when an account is checked again",
    "voices.ProviderCanary.lease_until": "a lock of work",
    "voices.JobItem.due_at": "when an item is tried again; the gate is asked again then",
    "voices.JobItem.lease_until": "a lock of work; what an item delivers is confirmed",
    "voices.Voice.deletion_overdue_at": "when it was told that a deletion takes long",
    "voices.Voice.lease_until": "a lock of work; the voice is confirmed when it is ready",
    "voices.Voice.provider_expires_at": (
        "when a provider forgets a voice, which only ends it earlier"
    ),
}


def test_every_column_that_ends_something_ends_with_its_consent_or_says_why_not() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ROOMS and not model._meta.proxy
        for field in model._meta.get_fields()
        if isinstance(field, DateTimeField)
        and field.name.endswith(("until", "expires_at", "ends_at", "due_at"))
    }
    assert found == CAPPED.keys() | APART.keys()


def test_nothing_that_a_consent_gives_outlasts_it(make_consent: MakeConsent) -> None:
    chance = random.Random(51)
    end = NOON + timedelta(days=1)
    consent = make_consent(valid_until=end)
    for left in [
        timedelta(milliseconds=1),
        *(timedelta(seconds=chance.uniform(0.001, 8_000)) for _ in range(20)),
    ]:
        at = end - left
        preview = gate.preview_decision(ask_for(consent), at=at, actor="key:test")
        permit = gate.check(ask_for(consent), at=at, actor="key:test")

        ends = {
            "preview": preview.expires_at,
            "permit": permit.expires_at,
            "decision": Decision.objects.get(id=permit.decision_id).expires_at,
            "reservation": Reservation.objects.get(decision_id=permit.decision_id).expires_at,
        }
        assert all(at < one <= end for one in ends.values()), (left, ends)
        gate.release(permit, at=at)

    for derived in (permit.decision_id, permit):
        with pytest.raises(gate.ConsentDenied):
            gate.may_still(derived, at=end)


def test_no_link_to_sign_outlasts_the_end_that_it_asks_for(
    make_request: MakeRequest, consent: Consent
) -> None:
    for days in (1, 13, 14, 15, 400):
        asked = NOON + timedelta(days=days)
        assert make_request(valid_until=asked).consent.link_expires_at == min(
            asked, NOON + LINK_LASTS
        )

    end = NOON + timedelta(days=3)
    assert (
        services.renew_consent(consent.id, valid_until=end, **of(consent)).consent.link_expires_at
        == end
    )

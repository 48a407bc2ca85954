"""Waking others is no part of an act: what they fail at undoes nothing."""

from __future__ import annotations

import pytest

from consent.models import Consent
from tests.support.consent_factories import revoke
from voices import event_listeners


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_answers_although_a_listener_fails(
    consent: Consent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("broker")

    monkeypatch.setattr(event_listeners, "on_consent_ended", fail)

    assert revoke(consent).state == "terminated"

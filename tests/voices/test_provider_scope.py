"""Voices name their provider to the gate: no clone and no word at one that was not signed."""

from __future__ import annotations

from typing import Any

import pytest

from consent import gate
from consent import services as consents
from consent.models import Consent, Decision
from tests.conftest import NOON
from tests.voices.conftest import Http, MakeConsent, MakeVoice, order_for, principal_of, say
from tests.voices.test_voices_api import encoded, recording
from voices.models import Voice
from voices.speech import preparation

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BOTH = ["inworld", "local"]


def acting_on(consent: Consent) -> dict[str, Any]:
    return {
        "organisation_id": consent.organisation_id,
        "livemode": consent.livemode,
        "actor": "key:test",
        "at": NOON,
    }


def narrowed(consent: Consent, *left: str) -> Consent:
    """The consent with these providers left."""
    return consents.narrow_consent(consent.id, providers=left, **acting_on(consent))


class TestSpeech:
    def test_names_the_provider_of_the_voice(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        ask = preparation.build_access_request(order_for(voice), voice, principal_of(voice))
        assert ask.provider == voice.provider == "local"
        permit = gate.check(ask, at=NOON, actor="key:test")
        assert Decision.objects.get(id=permit.decision_id).ask["provider"] == "local"

    def test_at_a_provider_that_was_not_signed_is_refused(
        self, make_consent: MakeConsent, make_voice: MakeVoice, product: Http
    ) -> None:
        consent = make_consent(providers=BOTH)
        voice = make_voice(consent)
        narrowed(consent, "inworld")
        answer = say(product, voice)
        assert answer.status_code == 403
        (reason,) = answer.json()["reasons"]
        assert (reason["code"], reason["required"], reason["granted"]) == (
            "provider_not_covered",
            "local",
            ["inworld"],
        )


class TestAClone:
    def test_at_a_provider_that_was_not_signed_is_refused(
        self, make_consent: MakeConsent, product: Http
    ) -> None:
        consent = narrowed(make_consent(providers=BOTH), "inworld")
        body = {
            "consent": consent.id, "name": "Mara", "language": "en",
            "samples": encoded(recording("0880")),
        }  # fmt: skip
        answer = product.post("/v1/voices", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "consent_denied")
        assert [one["code"] for one in answer.json()["reasons"]] == ["provider_not_covered"]
        assert not Voice.objects.exists()


class TestAQuestion:
    def test_about_a_voice_is_judged_by_its_own_provider(
        self, make_consent: MakeConsent, make_voice: MakeVoice, product: Http
    ) -> None:
        consent = make_consent(providers=BOTH)
        voice = make_voice(consent)
        narrowed(consent, "inworld")
        body = {
            "voice": voice.id, "language": "en", "use_case": "entertainment.audiobook",
            "channel": "app", "territory": "DE",
        }  # fmt: skip
        answer = product.post("/v1/decisions", body, format="json").json()
        assert answer["ask"]["provider"] == "local"
        assert [one["code"] for one in answer["reasons"]] == ["provider_not_covered"]

        other = product.post("/v1/decisions", {**body, "provider": "inworld"}, format="json").json()
        assert other["allowed"] is True

"""Voices name their provider to the gate: no clone and no word at one that was not signed."""

from __future__ import annotations

from typing import Any

import pytest

from consent import gate
from consent import services as consents
from consent.models import Consent, Decision
from consent.policy import providers
from tests.conftest import NOON
from tests.support import export_scenario
from tests.support.logged_voices import bundle
from tests.voices.conftest import Http, MakeConsent, MakeVoice, order_for, principal_of, say
from tests.voices.test_voices_api import encoded, recording
from voices import reconcile
from voices.models import Voice
from voices.providers import registry
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


class TestAVoice:
    def test_goes_with_its_provider(self, make_consent: MakeConsent, make_voice: MakeVoice) -> None:
        staying, going = (make_voice(make_consent(providers=BOTH)) for _ in range(2))
        assert reconcile.sweep_pending_work(at=NOON).voices == ()

        narrowed(Consent.objects.get(id=going.consent_id), "inworld")
        narrowed(Consent.objects.get(id=staying.consent_id), "local")
        assert reconcile.sweep_pending_work(at=NOON).voices == (going.id,)
        going.refresh_from_db()
        assert (going.state, going.code) == ("revoking", "provider_not_covered")

    def test_goes_when_it_was_signed_anew_without_its_provider(
        self, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        consent = make_consent(providers=BOTH)
        voice = make_voice(consent)
        narrowed(consent, "inworld")
        asked = consents.renew_consent(consent.id, **acting_on(consent)).consent
        consents.sign_as_test(
            asked.id, organisation_id=consent.organisation_id, actor="key:test", at=NOON
        )
        assert reconcile.sweep_pending_work(at=NOON).voices == (voice.id,)

    def test_whose_provider_is_a_part_of_another_word_goes(
        self, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        """`local` stands in `localai`, and `fish` in `fish_speech`."""
        consent = make_consent(providers=["localai", "local"])
        voice = make_voice(consent)
        narrowed(consent, "localai")
        assert reconcile.sweep_pending_work(at=NOON).voices == (voice.id,)


class TestTheRegister:
    @pytest.mark.django_db(transaction=True)
    def test_says_of_each_recipient_what_people_are_told(self, make_voice: MakeVoice) -> None:
        files = export_scenario.members(bundle(make_voice().organisation, "ropa"))
        (row,) = export_scenario.rows(files, "tables/recipients.jsonl")
        assert (row["provider"], row["voices"], row["voices_live"]) == ("local", 1, 1)
        assert (row["runs"], row["terms"]) == ("service", None)
        assert row["keeps"][0] == {"what": "recordings", "lasts": "consent"}


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


def test_every_provider_here_is_one_that_a_person_can_sign_for() -> None:
    assert set(registry.list_provider_names()) <= providers.PROVIDERS.keys()

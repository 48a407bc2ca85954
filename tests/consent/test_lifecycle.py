"""Lifecycle: revoke, suspend, resume, narrow, expire; who may, and what repeating does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organisation
from consent import selectors, services
from consent.errors import NotNarrower, SuspendedBySpeaker, WrongState
from consent.models import Consent, SealedReason
from consent.signing import ceremony
from consent.wakeups import consent_ended
from core.errors import Invalid, NotFound
from tests.conftest import NOON
from tests.support.consent_factories import (
    KEY,
    MakeConsent,
    MakeRequest,
    MakeSpeaker,
    codes,
    grant,
    of,
    revoke,
    token_of,
)
from transparency_log import proofs

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


def narrow(consent: Consent, *grants: dict[str, Any]) -> Consent:
    return services.narrow_consent(consent.id, grants=grants, **of(consent))


def speaker_acting(consent: Consent) -> dict[str, Any]:
    return {**of(consent), "actor": f"speaker:{consent.speaker_id}"}


class TestRevoke:
    def test_closes_the_gate_from_that_moment(self, consent: Consent) -> None:
        assert codes(consent) == []
        revoke(consent)
        assert codes(consent) == ["consent_revoked"]

    def test_of_a_neighbours_consent_finds_nothing(
        self, consent: Consent, bolt: Organisation
    ) -> None:
        with pytest.raises(NotFound):
            services.withdraw_consent(
                consent.id, organisation_id=bolt.id, livemode=False, reason="", actor=KEY, at=NOON
            )
        with pytest.raises(NotFound):
            services.withdraw_consent(consent.id, reason="", **{**of(consent), "livemode": True})

    def test_keeps_a_known_reason_as_a_code_and_words_sealed(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        revoke(consent, reason="misuse")
        assert (SealedReason.objects.get().code, SealedReason.objects.get().sealed) == (
            "misuse",
            None,
        )
        other = make_consent()
        revoke(other, reason="Ben was rude")
        kept = SealedReason.objects.get(consent=other)
        assert kept.code == "other"
        assert b"rude" not in bytes(kept.sealed or b"")
        bodies = [event.body for event in proofs.list_history(consent.organisation_id, consent.id)]
        assert [body["reason"] for body in bodies if body and "reason" in body] == ["misuse"]

    def test_wakes_anyone_who_waits_after_the_commit(
        self, consent: Consent, django_capture_on_commit_callbacks: Any
    ) -> None:
        woken: list[str] = []

        def listen(consent_id: str, **_rest: object) -> None:
            woken.append(consent_id)

        consent_ended.connect(listen)
        with django_capture_on_commit_callbacks(execute=True):
            revoke(consent)
        assert consent_ended.disconnect(listen)
        assert woken == [consent.id]

    def test_of_what_expired_changes_nothing(self, consent: Consent) -> None:
        services.expire_due(at=NOON + YEAR)
        assert revoke(consent).state == "expired"


class TestSuspend:
    def test_closes_the_gate_until_it_is_resumed(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="strike", **of(consent))
        assert codes(consent) == ["consent_suspended"]
        services.resume_consent(consent.id, **of(consent))
        assert codes(consent) == []

    def test_twice_is_once(self, consent: Consent) -> None:
        first = services.suspend_consent(consent.id, reason="", **of(consent))
        again = services.suspend_consent(consent.id, reason="", **of(consent))
        assert first.revocation_epoch == again.revocation_epoch

    def test_by_the_person_is_resumed_by_the_person_alone(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **speaker_acting(consent))
        with pytest.raises(SuspendedBySpeaker):
            services.resume_consent(consent.id, **of(consent))
        assert services.resume_consent(consent.id, **speaker_acting(consent)).state == "active"

    def test_by_both_counts_as_the_persons(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        services.suspend_consent(consent.id, reason="", **speaker_acting(consent))
        with pytest.raises(SuspendedBySpeaker):
            services.resume_consent(consent.id, **of(consent))

    def test_of_a_request_is_refused(self, make_request: MakeRequest) -> None:
        made = make_request().consent
        with pytest.raises(WrongState):
            services.suspend_consent(made.id, reason="", **of(made))

    def test_lasts_until_the_term_ends(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        assert services.expire_due(at=NOON + YEAR) == 1
        consent.refresh_from_db()
        assert consent.state == "expired"


class TestNarrow:
    def test_takes_effect_at_once(self, consent: Consent) -> None:
        narrow(consent, {"use_case": "entertainment.audiobook", "languages": ["de-DE"]})
        assert codes(consent) == ["language_not_covered"]
        assert codes(consent, language="de-DE") == []

    def test_twice_is_once(self, consent: Consent) -> None:
        less = {"use_case": "entertainment.audiobook", "languages": ["de-DE"]}
        assert narrow(consent, less).revocation_epoch == narrow(consent, less).revocation_epoch

    @pytest.mark.parametrize(
        "more",
        [
            {"languages": ["en", "de"]},
            {"languages": ["*"]},
            {"actions": ["clone", "synthesize", "train"]},
            {"exclusions": []},
            {"quota": {}},
            {"quota": {"characters": 1001}},
            {"quota": {"characters": 1000, "period": "P1D"}},
            {"channels": ["*"]},
            {"territories": ["EU", "US"]},
            {"sensitive_content": ["adult"]},
            {"on_death": "pass_to_estate"},
        ],
    )
    def test_refuses_whatever_reaches_beyond(
        self, make_consent: MakeConsent, more: dict[str, Any]
    ) -> None:
        consent = make_consent(
            grant(exclusions=["political"], channels=["web"], territories=["EU"])
        )
        with pytest.raises(NotNarrower) as caught:
            narrow(consent, {"use_case": "entertainment.audiobook", **more})
        assert [fault.attr for fault in caught.value.faults] == [f"grants.0.{next(iter(more))}"]

    def test_refuses_another_use_case(self, consent: Consent) -> None:
        with pytest.raises(NotNarrower):
            narrow(consent, {"use_case": "research"})

    def test_goes_from_a_parent_to_a_child(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(use_case="entertainment"))
        narrow(consent, {"use_case": "entertainment.podcast"})
        assert codes(consent) == ["use_case_not_covered"]

    def test_removes_the_grants_that_are_not_named(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(), grant(use_case="research"))
        narrow(consent, {"use_case": "research"})
        assert codes(consent) == ["use_case_not_covered"]
        assert codes(narrow(consent), use_case="research") == ["action_not_covered"]

    def test_still_reads_its_input(self, consent: Consent) -> None:
        with pytest.raises(Invalid):
            narrow(consent, {"use_case": "entertainment.audiobook", "languages": ["xx"]})

    def test_of_what_ended_is_refused(self, consent: Consent) -> None:
        revoke(consent)
        with pytest.raises(WrongState):
            narrow(consent)


class TestExpireDue:
    @pytest.mark.parametrize(
        ("early", "count"), [(timedelta(microseconds=1), 0), (timedelta(0), 1)]
    )
    def test_ends_what_is_over_and_nothing_earlier(
        self, consent: Consent, early: timedelta, count: int
    ) -> None:
        assert services.expire_due(at=NOON + YEAR - early) == count

    def test_twice_is_once(self, consent: Consent) -> None:
        assert (services.expire_due(at=NOON + YEAR), services.expire_due(at=NOON + YEAR)) == (1, 0)

    def test_lets_unanswered_requests_lapse(self, make_request: MakeRequest) -> None:
        made = make_request().consent
        assert services.expire_due(at=NOON + timedelta(days=14)) == 1
        made.refresh_from_db()
        assert made.state == "lapsed"

    def test_goes_by_the_test_clock_for_test_data(
        self, consent: Consent, acme: Organisation
    ) -> None:
        acme.test_clock_ms = int(YEAR.total_seconds() * 1000)
        acme.save()
        assert services.expire_due(at=NOON) == 1

    def test_leaves_live_data_to_the_real_time(
        self, make_speaker: MakeSpeaker, make_request: MakeRequest, acme: Organisation
    ) -> None:
        made = make_request(speaker=make_speaker(livemode=True), delivery="controller")
        view = ceremony.get_signing_view(token_of(made), at=NOON)
        services.sign_consent(
            token_of(made), name_typed=view.speaker_name, ticked=(view.grants[0].id,), at=NOON
        )
        acme.test_clock_ms = int(YEAR.total_seconds() * 1000)
        acme.save()
        assert services.expire_due(at=NOON) == 0

    def test_is_not_waited_for_by_the_gate(self, consent: Consent) -> None:
        assert codes(consent, at=NOON + YEAR) == ["consent_expired"]


class TestQueries:
    def test_tell_what_ended(self, consent: Consent) -> None:
        assert selectors.list_ended_among([consent.id]) == ()
        revoke(consent)
        (ended,) = selectors.list_ended_among([consent.id])
        assert (ended.consent_id, ended.state, ended.ended_at) == (consent.id, "terminated", NOON)

    def test_follow_a_renewal(self, consent: Consent) -> None:
        again = services.renew_consent(consent.id, **of(consent)).consent
        assert selectors.find_latest_successor(consent.id) == consent.id
        services.sign_as_test(again.id, organisation_id=consent.organisation_id, actor=KEY, at=NOON)
        assert selectors.find_latest_successor(consent.id) == again.id
        assert selectors.get_speaker_of_consent(again.id) == consent.speaker

"""Races: quota under sixteen callers, revocation against deliveries.

Real threads, real transactions.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Organisation
from accounts.provisioning import create_organisation
from consent import gate, services, speaker_erasure
from consent.models import Consent, GrantUsage, Reservation
from consent.policy.state_machine import ConsentState
from core.errors import SaysoError
from tests.conftest import NOON
from tests.support import consent_factories
from tests.support.concurrency import at_once
from tests.support.consent_factories import KEY, ask_for, grant, of
from transparency_log import proofs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
CALLERS = 16


@pytest.fixture
def make_signed() -> Any:
    """Makes signed consents without the fixtures of a rolled-back test."""

    def make(*, quota: dict[str, int]) -> Consent:
        organisation = Organisation.objects.filter(name="Acme").first() or create_organisation(
            name="Acme", at=NOON, reached_at="voices@acme.example"
        )
        speaker = consent_factories.make_speaker(organisation)
        made = services.request_consent(
            organisation=organisation, livemode=False, speaker_id=speaker.id,
            grants=[grant(quota=quota)], duration="P1Y", actor=KEY, at=NOON,
        )  # fmt: skip
        return services.sign_as_test(
            made.consent.id, organisation_id=organisation.id, actor=KEY, at=NOON
        )

    return make


def permits(consent: Consent, *, characters: int) -> list[gate.Permit]:
    """What sixteen callers get who ask three times each, at once."""

    def ask(_number: int) -> list[gate.Permit]:
        got = []
        for _ in range(3):
            try:
                got.append(gate.check(ask_for(consent, characters=characters), at=NOON, actor=KEY))
            except gate.ConsentDenied as denied:
                assert {reason.code for reason in denied.reasons} == {"quota_exceeded"}
        return got

    return [permit for got in at_once(CALLERS, ask) for permit in got]


class TestQuota:
    def test_is_granted_to_the_last_unit_and_never_beyond(self, make_signed: Any) -> None:
        consent = make_signed(quota={"characters": 1000})
        assert len(permits(consent, characters=50)) == 20
        usage = GrantUsage.objects.get(grant__consent=consent)
        assert (usage.held_characters, usage.used_characters) == (1000, 0)

    def test_of_clips_is_granted_to_the_last_one(self, make_signed: Any) -> None:
        assert len(permits(make_signed(quota={"clips": 7}), characters=1)) == 7

    def test_stays_exact_while_callers_spend_and_give_back(self, make_signed: Any) -> None:
        consent = make_signed(quota={"characters": 400})

        def work(number: int) -> int:
            spent = 0
            for _ in range(4):
                try:
                    permit = gate.check(ask_for(consent, characters=50), at=NOON, actor=KEY)
                except gate.ConsentDenied:
                    continue
                if number % 2:
                    gate.release(permit, at=NOON)
                else:
                    consent_factories.deliver(permit, characters=50)
                    spent += 50
            return spent

        spent = sum(at_once(CALLERS, work))
        usage = GrantUsage.objects.get(grant__consent=consent)
        assert (usage.used_characters, usage.held_characters) == (spent, 0)
        assert spent <= 400

    def test_is_given_back_once_however_many_try(self, make_signed: Any) -> None:
        consent = make_signed(quota={"characters": 100})
        permit = gate.check(ask_for(consent, characters=100), at=NOON, actor=KEY)
        assert sum(at_once(CALLERS, lambda _number: gate.release(permit, at=NOON))) == 1

    def test_of_seconds_is_never_overspent(self, make_signed: Any) -> None:
        consent = make_signed(quota={"seconds": 10})
        many = [gate.check(ask_for(consent), at=NOON, actor=KEY) for _ in range(CALLERS)]

        def deliver(number: int) -> bool:
            try:
                consent_factories.deliver(many[number], milliseconds=3000)
            except gate.ConsentDenied:
                return False
            return True

        assert sum(at_once(CALLERS, deliver)) == 3
        assert GrantUsage.objects.get(grant__consent=consent).used_milliseconds == 9000
        assert Reservation.objects.filter(state="held").count() == CALLERS - 3


class TestRevocation:
    @pytest.mark.parametrize("round_", range(20))
    def test_is_followed_by_no_delivery(self, make_signed: Any, round_: int) -> None:
        """Fifteen deliveries against one revocation, twenty times: 300 tries."""
        consent = make_signed(quota={"characters": 10**6})
        many = [gate.check(ask_for(consent), at=NOON, actor=KEY) for _ in range(CALLERS - 1)]

        def act(number: int) -> tuple[str, str]:
            if number == round_ % CALLERS:
                services.withdraw_consent(consent.id, reason="", **of(consent))
                return "revoked", ""
            permit = many[number % len(many)]
            try:
                with transaction.atomic():
                    gate.confirm(permit, at=NOON - timedelta(hours=1))
                    time.sleep(0.003)  # as long as audio needs to be written
                    state = Consent.objects.values_list("state", flat=True).get(pk=consent.pk)
                    gate.commit(permit, characters=1, milliseconds=1, at=NOON)
            except gate.ConsentDenied:
                return "refused", ""
            return "delivered", state

        outcome = at_once(CALLERS, act)
        assert {state for what, state in outcome if what == "delivered"} <= {ConsentState.ACTIVE}
        with pytest.raises(gate.ConsentDenied):
            consent_factories.confirm(many[0])

    def test_waits_for_a_delivery_that_confirmed_first(self, make_signed: Any) -> None:
        consent = make_signed(quota={"characters": 10**6})
        permit = gate.check(ask_for(consent), at=NOON, actor=KEY)
        order: list[str] = []

        def act(number: int) -> None:
            if number:
                services.withdraw_consent(consent.id, reason="", **of(consent))
                order.append("revoked")
            else:
                with transaction.atomic():
                    gate.confirm(permit, at=NOON)
                    order.append("confirmed")
                    gate.commit(permit, characters=1, milliseconds=1, at=NOON)
                    order.append("delivering")

        try:
            at_once(2, act)
        except gate.ConsentDenied:
            assert order == ["revoked"]
        else:
            assert order.index("delivering") == order.index("confirmed") + 1


class TestAPerson:
    def test_can_be_frozen_while_everything_else_happens(self, make_signed: Any) -> None:
        """Freezing, signing, renewing, revoking and holding wait for each other and never block
        each other.
        """
        consent = make_signed(quota={})
        again = services.renew_consent(consent.id, **of(consent)).consent
        org = consent.organisation_id

        def act(number: int) -> str:
            try:
                match number % 4:
                    case 0:
                        speaker_erasure.freeze_speaker(
                            consent.speaker_id, reason="requested", actor=KEY, at=NOON
                        )
                    case 1:
                        services.sign_as_test(again.id, organisation_id=org, actor=KEY, at=NOON)
                    case 2:
                        services.renew_consent(consent.id, **of(consent))
                    case _:
                        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
            except SaysoError as refusal:
                return refusal.stable_code
            return "done"

        outcome = at_once(CALLERS, act)
        assert set(outcome) <= {
            "done",
            "speaker_erased",
            "consent_wrong_state",
            "consent_superseded",
            "link_ended",
        }
        assert not Consent.objects.binding().filter(speaker=consent.speaker).exists()


class TestRepeating:
    def test_revocations_log_one_line(self, make_signed: Any) -> None:
        consent = make_signed(quota={})
        at_once(8, lambda _number: services.withdraw_consent(consent.id, reason="", **of(consent)))
        kinds = [event.kind for event in proofs.list_history(consent.organisation_id, consent.id)]
        assert kinds.count("consent.revoked") == 1

    def test_renewals_make_one_request(self, make_signed: Any) -> None:
        consent = make_signed(quota={})
        made = at_once(
            8, lambda _number: services.renew_consent(consent.id, **of(consent)).consent.id
        )
        assert len(set(made)) == 1

    def test_signatures_make_one_record(self, make_signed: Any) -> None:
        consent = make_signed(quota={})
        again = services.renew_consent(consent.id, **of(consent)).consent
        org = consent.organisation_id
        signed = at_once(
            8,
            lambda _number: services.sign_as_test(
                again.id, organisation_id=org, actor=KEY, at=NOON
            ),
        )
        assert len({one.record_sha256 for one in signed}) == 1

"""Permits of running streams: everything that could end one is seen by the question that streams
ask.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from consent import gate
from consent.models import Consent, GrantUsage, Reservation
from tests.conftest import NOON
from tests.support.consent_factories import MakeConsent, check, deliver, grant, revoke
from tests.support.permit_endings import ACTS

pytestmark = pytest.mark.django_db


class TestEnded:
    def test_is_nothing_while_they_hold(self, consent: Consent) -> None:
        assert gate.find_ended_permits([(check(consent), NOON)]) == {}

    def test_of_none_asks_nothing(self) -> None:
        assert gate.find_ended_permits([]) == {}

    @pytest.mark.parametrize("act", ACTS)
    def test_names_the_permit_after_every_act_that_could_end_it(
        self, consent: Consent, act: str
    ) -> None:
        permit = check(consent)
        ACTS[act](consent)

        found = gate.find_ended_permits([(permit, NOON)])

        assert list(found) == [permit.decision_id]
        assert found[permit.decision_id].facts["decision"] == permit.decision_id

    def test_names_the_one_that_ended_and_not_its_neighbour(
        self, make_consent: MakeConsent
    ) -> None:
        one, other = make_consent(), make_consent()
        permits = [check(one), check(other)]
        revoke(one)

        assert list(gate.find_ended_permits([(permit, NOON) for permit in permits])) == [
            permits[0].decision_id
        ]

    def test_looks_at_the_end_of_the_term_too(self, consent: Consent) -> None:
        permit = check(consent)
        late = gate.find_ended_permits([(permit, NOON + timedelta(days=365))])
        assert [fault.code for fault in late[permit.decision_id].faults] == ["consent_expired"]

    def test_misses_a_consent_that_is_gone(self, consent: Consent) -> None:
        permit = check(consent)
        Consent.objects.filter(id=consent.id).update(revocation_epoch=7)
        assert gate.find_ended_permits([(permit, NOON)])


class TestCharge:
    def test_takes_what_has_left_even_where_it_does_not_fit(
        self, make_consent: MakeConsent
    ) -> None:
        permit = check(make_consent(grant(quota={"characters": 100, "seconds": 2})), characters=80)

        with transaction.atomic():
            assert gate.charge_quota(permit, characters=30, milliseconds=5000)

        usage = GrantUsage.objects.get()
        assert (usage.used_characters, usage.used_milliseconds, usage.used_clips) == (30, 5000, 1)
        assert (usage.held_characters, usage.held_clips) == (0, 0)

    def test_happens_once(self, consent: Consent) -> None:
        permit = check(consent)
        with transaction.atomic():
            assert gate.charge_quota(permit, characters=1, milliseconds=1)
            assert not gate.charge_quota(permit, characters=1, milliseconds=1)
        assert not gate.release(permit, at=NOON)
        assert Reservation.objects.get().state == "committed"


class TestTheHour:
    def test_ends_a_permit_before_the_sweep_comes(self, make_consent: MakeConsent) -> None:
        consent = make_consent()
        late, timely = check(consent), check(consent)

        deliver(timely, at=NOON + gate.PERMIT_LASTS - timedelta(milliseconds=1))
        with pytest.raises(gate.ConsentDenied):
            deliver(late, at=NOON + gate.PERMIT_LASTS)
        assert (
            Reservation.objects.get(decision_id=late.decision_id).state == "held"
        )  # the sweep gives it back

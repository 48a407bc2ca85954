"""The database itself refuses what must never be, whatever the code above it does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, models, transaction

from consent import gate
from consent.models import (
    Consent,
    Decision,
    Evidence,
    GrantUsage,
    Hold,
    NoticeVersion,
    Representative,
    Speaker,
)
from tests.conftest import NOON
from tests.support.consent_factories import KEY, MakeRequest, ask_for, check

pytestmark = pytest.mark.django_db


def refused(rows: models.QuerySet[Any], name: str, **change: Any) -> None:
    """Change a row behind the code's back and see which constraint speaks up."""
    assert rows.exists()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        rows.update(**change)


class TestSpeakers:
    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("speaker_kind_is_known", {"kind": "robot"}),
            ("speaker_state_is_known", {"state": "asleep"}),
            ("speaker_erased_keeps_nothing_personal", {"state": "erased", "erased_at": NOON}),
            ("speaker_erased_keeps_nothing_personal", {"sealed": None}),
        ],
    )
    def test_keep_their_shape(self, ana: Speaker, name: str, change: dict[str, Any]) -> None:
        refused(Speaker.objects.filter(pk=ana.pk), name, **change)


class TestConsents:
    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("consent_state_is_known", {"state": "happy"}),
            ("consent_stands_only_when_signed", {"state": "active"}),
            ("consent_stands_only_when_signed", {"state": "expired"}),
            ("consent_asks_for_a_term_or_an_end", {"duration": ""}),
            ("consent_asks_for_a_term_or_an_end", {"asked_until": NOON}),
            ("consent_term_not_empty", {"valid_from": NOON, "valid_until": NOON}),
        ],
    )
    def test_keep_their_shape_before_signing(
        self, make_request: MakeRequest, name: str, change: dict[str, Any]
    ) -> None:
        refused(Consent.objects.filter(pk=make_request().consent.pk), name, **change)

    def test_have_a_level_that_is_known(self, make_request: MakeRequest) -> None:
        row = make_request().consent
        row.pk, row.assurance = f"{row.pk[:-1]}z", "L9"
        with (
            pytest.raises(IntegrityError, match="consent_assurance_is_known"),
            transaction.atomic(),
        ):
            row.save(force_insert=True)

    def test_never_change_their_level(self, make_request: MakeRequest) -> None:
        rows = Consent.objects.filter(pk=make_request(assurance="L1").consent.pk)
        refused(rows, "what was signed or shown never changes", assurance="L2")

    @pytest.mark.parametrize("state", ["withdrawn", "terminated", "invalidated"])
    def test_are_revoked_at_a_time_anyone_who_wanted_it(self, consent: Consent, state: str) -> None:
        refused(
            Consent.objects.filter(pk=consent.pk),
            "consent_revoked_at_a_time",
            state=state,
            revocation_epoch=1,
        )

    def test_have_links_of_their_own(self, make_request: MakeRequest) -> None:
        one, other = make_request().consent, make_request().consent
        with pytest.raises(IntegrityError, match=r"link"), transaction.atomic():
            Consent.objects.filter(pk=other.pk).update(link_sha256=one.link_sha256)


class TestDecisions:
    def test_allow_by_a_grant_and_refuse_for_a_reason(self, consent: Consent) -> None:
        check(consent)
        gate.preview_decision(ask_for(consent, language="ja"), at=NOON, actor=KEY)
        refused(Decision.objects.filter(allowed=True), "decision_allowed_by_one_grant", grant=None)
        refused(Decision.objects.filter(allowed=False), "decision_refused_for_a_reason", reasons=[])
        refused(
            Decision.objects.filter(allowed=False), "decision_allowed_by_one_grant", allowed=True
        )


class TestUsage:
    def test_never_falls_below_zero(self, consent: Consent) -> None:
        check(consent)
        refused(GrantUsage.objects.all(), "usage_never_below_zero", held_characters=-1)

    def test_counts_a_window_once(self, consent: Consent) -> None:
        check(consent)
        usage = GrantUsage.objects.get()
        with pytest.raises(IntegrityError, match=r"window"), transaction.atomic():
            GrantUsage.objects.create(grant=usage.grant, window=usage.window)


class TestTheOthers:
    def test_keep_their_shape(self, consent: Consent, ana: Speaker) -> None:
        Hold.objects.create(speaker=ana, ground="dispute", placed_at=NOON, placed_by=KEY)
        Representative.objects.create(speaker=ana, kind="agent", created_at=NOON)
        refused(Hold.objects.all(), "hold_lifted_has_actor", lifted_at=NOON)
        refused(
            Representative.objects.all(), "representative_verified_has_verifier", verified_at=NOON
        )
        refused(Representative.objects.all(), "representative_kind_is_known", kind="friend")

    def test_hold_on_one_ground_once(self, ana: Speaker) -> None:
        Hold.objects.create(speaker=ana, ground="dispute", placed_at=NOON, placed_by=KEY)
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.create(speaker=ana, ground="dispute", placed_at=NOON, placed_by=KEY)

    @pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"kind": "passkey"}])
    def test_leave_evidence_as_it_was(self, consent: Consent, change: dict[str, Any]) -> None:
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            Evidence.objects.update(**change)
        Evidence.objects.update(blob="")  # its bytes may go

    def test_enter_a_notice_once(self, consent: Consent) -> None:
        row = NoticeVersion.objects.get()
        with pytest.raises(IntegrityError), transaction.atomic():
            NoticeVersion.objects.create(
                notice=row.notice, version=row.version, locale=row.locale, change_class="editorial",
                body={}, sha256="", created_at=NOON + timedelta(1),
            )  # fmt: skip

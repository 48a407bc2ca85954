"""Providers in a bundle: the row as signed and narrowed, and nothing allowed at another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Organisation
from consent import decision_records, services
from consent.documents import consent_record
from consent.lifecycle import request_grants
from consent.models import Consent, Decision
from core import ids
from provenance.verifier.build import build_program
from tests.conftest import NOON
from tests.provenance.exports.test_log_replay import SOON, allow, decided, issue, judged
from tests.support import consent_factories, export_scenario
from tests.support.export_scenario import Story

__all__ = ["judged"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def renewed_with(told: Story, *codes: str) -> Story:
    """The same person signs for these providers too, in a consent of its own."""
    made = services.request_consent(
        organisation=told.organisation, livemode=False, speaker_id=told.speaker.id,
        grants=(consent_factories.AUDIOBOOK,), actor=consent_factories.KEY, at=NOON,
        duration="P1Y", jurisdictions=["EU"], providers=codes,
    )  # fmt: skip
    consent = services.sign_as_test(
        made.consent.id, organisation_id=told.organisation.id, actor=consent_factories.KEY, at=NOON
    )
    return Story(
        organisation=told.organisation, speaker=told.speaker, consent=consent, clips=told.clips
    )


def narrow(told: Story, *left: str) -> None:
    services.narrow_consent(
        told.consent.id, providers=left, organisation_id=told.organisation.id, livemode=False,
        actor=consent_factories.KEY, at=NOON + timedelta(minutes=20),
    )  # fmt: skip


def allow_without(told: Story, name: str) -> None:
    """A permission whose entry lacks a word, as entries of older days do."""
    consent = Consent.objects.select_related("speaker").get(id=told.consent.id)
    row = Decision.objects.filter(allowed=True).earliest("id")
    row.id = ids.new("dec")
    del row.ask[name]
    with transaction.atomic():
        row.save(force_insert=True)
        decision_records.log_decision(row, consent, at=NOON, actor=consent_factories.KEY)


def without_providers(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Build what was signed or logged as an older release did."""

    def build_as_before(*args: Any, **named: Any) -> dict[str, Any]:
        found = build(*args, **named)
        del found["providers"]
        return found

    return build_as_before


class TestAPermission:
    def test_at_a_provider_that_was_not_signed_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, ask={"provider": "inworld"})
        assert judged().details["standing"].endswith("outside of what was signed: provider")

    def test_at_no_provider_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, ask={"provider": None})
        assert judged().details["standing"].endswith("outside of what was signed: provider")

    def test_of_a_question_may_name_none(self, told: Story, judged: Any) -> None:
        allow(told, ask={"provider": None}, preview=True)
        assert judged().checks["standing"] == "ok"

    def test_of_older_days_was_at_the_built_in_engine(self, told: Story, judged: Any) -> None:
        allow_without(told, "provider")
        assert judged().checks["standing"] == "ok"

    def test_of_older_days_is_covered_by_no_other_provider(self, told: Story, judged: Any) -> None:
        other = renewed_with(told, "inworld")
        consent_factories.check(other.consent, provider="inworld")
        row = Decision.objects.filter(consent=other.consent).get()
        del row.ask["provider"]
        row.id = ids.new("dec")
        consent = Consent.objects.select_related("speaker").get(id=other.consent.id)
        with transaction.atomic():
            row.save(force_insert=True)
            decision_records.log_decision(row, consent, at=NOON, actor=consent_factories.KEY)
        assert judged().details["standing"].endswith("outside of what was signed: provider")

    def test_at_each_that_was_signed_is_replayed(self, told: Story, judged: Any) -> None:
        other = renewed_with(told, "inworld", "local")
        for code in ("inworld", "local"):
            consent_factories.check(other.consent, provider=code)
        verdict = judged()
        assert (verdict.checks["standing"], verdict.checks["rows"]) == ("ok", "ok")

    def test_at_one_that_was_taken_back_is_refused(self, told: Story, judged: Any) -> None:
        other = renewed_with(told, "inworld", "local")
        consent_factories.check(other.consent, provider="inworld")
        row = Decision.objects.filter(consent=other.consent).get()
        narrow(other, "local")
        row.id, row.created_at, row.expires_at = ids.new("dec"), SOON, SOON + timedelta(hours=1)
        row.epoch = 1
        consent = Consent.objects.select_related("speaker").get(id=other.consent.id)
        with transaction.atomic():
            row.save(force_insert=True)
            decision_records.log_decision(row, consent, at=SOON, actor=consent_factories.KEY)
        assert judged().details["standing"].endswith("outside of what was signed: provider")


class TestAClip:
    def test_of_another_provider_than_was_allowed_is_refused(
        self, told: Story, judged: Any
    ) -> None:
        issue(told, at=SOON, decision=decided(told), provider="inworld")
        assert "another provider than its decision allowed" in judged().details["standing"]


class TestARow:
    def test_has_the_providers_that_are_left(self, told: Story, judged: Any) -> None:
        narrow(renewed_with(told, "inworld", "local"), "local")
        verdict = judged()
        assert (verdict.checks["rows"], verdict.checks["standing"]) == ("ok", "ok")

    def test_that_says_more_than_was_left_is_refused(self, told: Story, judged: Any) -> None:
        other = renewed_with(told, "inworld", "local")
        narrow(other, "local")
        # With a higher epoch, so that no trigger refuses it.
        Consent.objects.filter(id=other.consent.id).update(
            providers=["inworld", "local"], revocation_epoch=9
        )
        assert "providers of" in judged().details["rows"]

    def test_of_a_consent_of_older_days_has_the_built_in_engine(
        self, told: Story, judged: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as before:
            for module, name in (
                (consent_record, "build_record"),
                (request_grants, "describe_request"),
            ):
                before.setattr(module, name, without_providers(getattr(module, name)))
            old = renewed_with(told, "local")
        consent_factories.check(old.consent)
        verdict = judged()
        assert (verdict.checks["rows"], verdict.checks["standing"]) == ("ok", "ok")

        Consent.objects.filter(id=old.consent.id).update(providers=["fish"], revocation_epoch=9)
        assert "providers of" in judged().details["rows"]


class TestTheRegister:
    def test_names_the_recipients_that_were_agreed_to(
        self, told: Story, acme: Organisation
    ) -> None:
        renewed_with(told, "inworld", "local")
        files = export_scenario.members(export_scenario.bundle(told.organisation, "ropa"))
        (row,) = export_scenario.rows(files, "tables/processing_activities.jsonl")
        assert row["recipients"] == ["inworld", "local"]


def test_the_program_has_these_rules() -> None:
    assert b"def list_uncovered_provider" in build_program()

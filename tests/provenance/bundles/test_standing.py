"""The log replayed: what was allowed beyond what was signed is refused, although keys, hashes and rows all agree."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from consent import decisions
from consent.life import lifecycle
from consent.models import Consent, Decision
from core import ids
from tests.conftest import NOON
from tests.consent import people
from tests.provenance.bundles import story
from tests.provenance.bundles.conftest import Check
from tests.provenance.bundles.story import Story, Verdict

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOON + timedelta(hours=1)


def allow(told: Story, *, at: datetime = NOON, ask: dict[str, Any] | None = None, **columns: Any) -> None:
    """Write a permission past the gate, as somebody with the database in hand could, log entry and all."""
    consent = Consent.objects.select_related("speaker").get(id=told.consent.id)
    row = Decision.objects.filter(allowed=True).earliest("id")
    row.id, row.created_at, row.expires_at = ids.new("dec"), at, at + timedelta(hours=1)
    row.ask = {**row.ask, **(ask or {})}
    for name, value in columns.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(force_insert=True)
        decisions.note(row, consent, at=at, actor=people.KEY)


@pytest.fixture
def judged(told: Story, check: Check) -> Any:
    """Makes the bundle and verifies it."""

    def judge() -> Verdict:
        return check(story.bundle(told.organisation, at=NOON + timedelta(days=3000)))

    return judge


class TestAPermission:
    def test_within_what_was_signed_is_replayed(self, told: Story, judged: Any) -> None:
        allow(told, ask={"language": "de-DE"})

        verdict = judged()
        assert (verdict.code, verdict.checks["standing"]) == (3, "ok")

    @pytest.mark.parametrize(
        ("ask", "field"),
        [
            ({"language": "ja"}, "language"), ({"language": "de-AT"}, "language"), ({"use_case": "agent"}, "use_case"),
            ({"action": "train"}, "action"), ({"labels": ["adult"]}, "labels"), ({"labels": ["unsure"]}, "labels"),
        ],
    )  # fmt: skip
    def test_beyond_the_signed_scope_is_refused(
        self, told: Story, judged: Any, ask: dict[str, Any], field: str
    ) -> None:
        allow(told, ask=ask)

        assert judged().details["standing"].endswith(f"outside of what was signed: {field}")

    def test_after_the_person_withdrew_is_refused(self, told: Story, judged: Any) -> None:
        people.revoke(told.consent, at=NOON + timedelta(minutes=30))
        allow(told, at=LATER)

        assert "did not stand" in judged().details["standing"]

    def test_in_a_pause_is_refused(self, told: Story, judged: Any) -> None:
        paused: dict[str, Any] = {"organisation_id": told.organisation.id, "livemode": False, "actor": people.KEY}
        lifecycle.suspend(told.consent.id, reason="", at=NOON + timedelta(minutes=30), **paused)
        allow(told, at=LATER)

        assert "did not stand" in judged().details["standing"]

    def test_from_before_a_pause_ends_with_it(self, told: Story, judged: Any) -> None:
        paused: dict[str, Any] = {"organisation_id": told.organisation.id, "livemode": False, "actor": people.KEY}
        lifecycle.suspend(told.consent.id, reason="", at=NOON + timedelta(minutes=20), **paused)
        lifecycle.resume(told.consent.id, at=NOON + timedelta(minutes=30), **paused)
        allow(told, at=LATER)  # with the epoch of before

        assert "epoch that had ended" in judged().details["standing"]

    def test_outside_of_the_signed_term_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, at=NOON + timedelta(days=366))

        assert "outside of the term" in judged().details["standing"]

    def test_on_another_record_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, record_sha256="0" * 64)

        assert "another record" in judged().details["standing"]

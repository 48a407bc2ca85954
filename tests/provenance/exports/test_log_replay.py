"""The log replayed: what was allowed beyond what was signed is refused, although keys, hashes and
rows all agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from consent import decision_records
from consent.lifecycle import narrowing, transitions
from consent.models import Consent, Decision
from core import ids
from provenance.clips import clip_fields, clip_reservation, log_body
from provenance.models import Clip, ClipState
from tests.conftest import NOON
from tests.provenance.exports.conftest import Check
from tests.provenance.test_clips import delivery, said
from tests.support import consent_factories, export_scenario
from tests.support.export_scenario import Story, Verdict
from transparency_log import events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
LATER = NOON + timedelta(hours=1)
SOON = NOON + timedelta(minutes=40)


def allow(
    told: Story, *, at: datetime = NOON, ask: dict[str, Any] | None = None, **columns: Any
) -> Decision:
    """Write a permission past the gate, as someone with the database in hand could, log entry and
    all; give it.
    """
    consent = Consent.objects.select_related("speaker").get(id=told.consent.id)
    row = Decision.objects.filter(allowed=True).earliest("id")
    row.id, row.created_at, row.expires_at = ids.new("dec"), at, at + timedelta(hours=1)
    row.ask = {**row.ask, **(ask or {})}
    for name, value in columns.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(force_insert=True)
        decision_records.log_decision(row, consent, at=at, actor=consent_factories.KEY)
    return row


@pytest.fixture
def judged(told: Story, check: Check) -> Any:
    """Makes the bundle and verifies it."""

    def judge() -> Verdict:
        return check(export_scenario.bundle(told.organisation, at=NOON + timedelta(days=3000)))

    return judge


class TestAPermission:
    def test_within_what_was_signed_is_replayed(self, told: Story, judged: Any) -> None:
        allow(told, ask={"language": "de-DE"})

        verdict = judged()
        assert (verdict.code, verdict.checks["standing"]) == (3, "ok")

    @pytest.mark.parametrize(
        ("ask", "field"),
        [
            ({"language": "ja"}, "language"),
            ({"language": "de-AT"}, "language"),
            ({"use_case": "agent"}, "use_case"),
            ({"action": "train"}, "action"),
            ({"labels": ["adult"]}, "labels"),
            ({"labels": ["unsure"]}, "labels"),
        ],
    )
    def test_beyond_the_signed_scope_is_refused(
        self, told: Story, judged: Any, ask: dict[str, Any], field: str
    ) -> None:
        allow(told, ask=ask)

        assert judged().details["standing"].endswith(f"outside of what was signed: {field}")

    def test_after_the_person_withdrew_is_refused(self, told: Story, judged: Any) -> None:
        consent_factories.revoke(told.consent, at=NOON + timedelta(minutes=30))
        allow(told, at=LATER)

        assert "did not stand" in judged().details["standing"]

    def test_in_a_pause_is_refused(self, told: Story, judged: Any) -> None:
        paused: dict[str, Any] = {
            "organisation_id": told.organisation.id,
            "livemode": False,
            "actor": consent_factories.KEY,
        }
        transitions.suspend_consent(
            told.consent.id, reason="", at=NOON + timedelta(minutes=30), **paused
        )
        allow(told, at=LATER)

        assert "did not stand" in judged().details["standing"]

    def test_from_before_a_pause_ends_with_it(self, told: Story, judged: Any) -> None:
        paused: dict[str, Any] = {
            "organisation_id": told.organisation.id,
            "livemode": False,
            "actor": consent_factories.KEY,
        }
        transitions.suspend_consent(
            told.consent.id, reason="", at=NOON + timedelta(minutes=20), **paused
        )
        transitions.resume_consent(told.consent.id, at=NOON + timedelta(minutes=30), **paused)
        allow(told, at=LATER)  # with the epoch of before

        assert "epoch that had ended" in judged().details["standing"]

    def test_outside_of_the_signed_term_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, at=NOON + timedelta(days=366))

        assert "outside of the term" in judged().details["standing"]

    def test_on_another_record_is_refused(self, told: Story, judged: Any) -> None:
        allow(told, record_sha256="0" * 64)

        assert "another record" in judged().details["standing"]


def issue(
    told: Story,
    *,
    at: datetime = NOON,
    decision: Decision | None = None,
    named: str | None = None,
    livemode: bool = False,
    **origin: Any,
) -> None:
    """Issue a clip past the gate, row and log entry and all, on this decision or on a new one of
    that moment.

    `named` has the log entry name another decision than the row: two rows cannot have one.
    """
    row = decision or allow(told, at=at)
    spoken = clip_fields.ClipDraft(**{
        "organisation_id": told.organisation.id, "livemode": livemode,
        "subject": told.speaker.subject, "consent_id": told.consent.id,
        "grant_id": row.grant_id or "", "decision_id": row.id, "voice_id": "",
        "record_sha256": told.consent.record_sha256, "policy_version": row.policy_version,
        "provider": "local", "language": row.ask["language"], "use_case": row.ask["use_case"],
        "characters": 10, **origin,
    })  # fmt: skip
    clip_id = clip_reservation.reserve_clip(spoken, at=at).clip_id
    with transaction.atomic():
        columns = delivery(sha256=hashlib.sha256(clip_id.encode()).hexdigest()).columns()
        Clip.objects.filter(id=clip_id).update(state=ClipState.ISSUED, issued_at=at, **columns)
        clip = Clip.objects.get(id=clip_id)
        refs = {"clip": clip.id, "consent": clip.consent_id, "decision": named or clip.decision_id}
        entry = events.LogEvent(
            organisation_id=clip.organisation_id, livemode=livemode, kind="clip.issued", at=at,
            actor=consent_factories.KEY, subject=clip.subject, refs=refs,
            body=log_body.build_issued_body(clip, said()), keyed={"script": said().script},
        )  # fmt: skip
        clip.event_id = events.append_events([entry])[0]
        clip.save(update_fields=["event_id"])


def decided(told: Story, **ask: Any) -> Decision:
    """A decision of noon that no clip rests on."""
    return Decision.objects.get(
        id=consent_factories.check(told.consent, at=NOON, **ask).decision_id
    )


def pause(told: Story) -> None:
    """Suspend the consent, and let it go on ten minutes later."""
    by: dict[str, Any] = {
        "organisation_id": told.organisation.id,
        "livemode": False,
        "actor": consent_factories.KEY,
    }
    transitions.suspend_consent(told.consent.id, reason="", at=NOON + timedelta(minutes=20), **by)
    transitions.resume_consent(told.consent.id, at=NOON + timedelta(minutes=30), **by)


def narrow(told: Story, *languages: str) -> None:
    """Leave the grant these languages."""
    grants = [{"use_case": consent_factories.AUDIOBOOK["use_case"], "languages": list(languages)}]
    by: dict[str, Any] = {
        "organisation_id": told.organisation.id,
        "livemode": False,
        "actor": consent_factories.KEY,
    }
    narrowing.narrow_consent(told.consent.id, grants=grants, at=NOON + timedelta(minutes=20), **by)


def of_the_end(told: Story) -> None:
    until = Consent.objects.get(id=told.consent.id).valid_until
    assert until is not None
    issue(told, at=until, decision=allow(told, at=until - timedelta(minutes=1)))


def of_before_a_pause(told: Story) -> None:
    row = decided(told)
    pause(told)
    issue(told, at=SOON, decision=row)


def in_a_language_that_was_taken_back(told: Story) -> None:
    row = decided(told)
    narrow(told, "de-DE")
    issue(told, at=SOON, decision=row)


def of_before_a_narrowing_that_leaves_it_in(told: Story) -> None:
    row = decided(told)
    narrow(told, "en-GB")
    issue(told, at=SOON, decision=row)


def after_the_withdrawal(told: Story) -> None:
    row = decided(told)
    consent_factories.revoke(told.consent, at=NOON + timedelta(minutes=20))
    issue(told, at=SOON, decision=row)


def of_a_refusal(told: Story) -> None:
    issue(told, decision=Decision.objects.filter(allowed=False).earliest("id"), language="en-GB",
          grant_id=told.clips[0].grant_id)  # fmt: skip


def of_a_preview(told: Story) -> None:
    issue(told, decision=allow(told, preview=True))


def of_a_permit_to_clone(told: Story) -> None:
    issue(told, decision=allow(told, ask={"action": "clone"}))


def of_live_data_on_a_test_decision(told: Story) -> None:
    """The entry and the decision are of different data: the row of the test bundle has no such
    clip.
    """
    issue(told, decision=decided(told), named=in_live_data(told))


def in_live_data(told: Story) -> str:
    """A decision of live data, as far as the log knows."""
    consent = Consent.objects.select_related("speaker").get(id=told.consent.id)
    row = Decision.objects.filter(allowed=True).earliest("id")
    row.id, row.livemode = ids.new("dec"), True
    with transaction.atomic():
        decision_records.log_decision(row, consent, at=NOON, actor=consent_factories.KEY)
    return row.id


FORGED: dict[str, tuple[Callable[[Story], None], ...]] = {
    "outside of the term that was signed": (of_the_end,),
    "an epoch that had ended": (of_before_a_pause, of_before_a_narrowing_that_leaves_it_in),
    "outside of what was signed: language": (in_a_language_that_was_taken_back,),
    "did not stand": (after_the_withdrawal,),
    "its decision had expired": (lambda told: issue(told, at=LATER, decision=decided(told)),),
    "allowed nothing of the kind": (of_a_refusal,),
    "no permit to speak": (of_a_preview, of_a_permit_to_clone),
    "of live data": (of_live_data_on_a_test_decision,),
    "a decision that is not here": (lambda told: issue(told, named=ids.new("dec")),),
    "the second one of decision": (lambda told: issue(told, named=told.clips[0].decision_id),),
    "another language": (lambda told: issue(told, language="de-DE"),),
    "another use": (lambda told: issue(told, use_case="agent"),),
    "another voice": (lambda told: issue(told, voice_id=ids.new("vox")),),
    "another grant or record": (
        lambda told: issue(told, record_sha256="0" * 64),
        lambda told: issue(told, grant_id=ids.new("grt")),
    ),
}


class TestAClip:
    def test_of_a_permit_that_still_runs_is_replayed(self, told: Story, judged: Any) -> None:
        issue(told, at=SOON, decision=decided(told))

        verdict = judged()
        assert (verdict.code, verdict.checks["standing"], verdict.checks["rows"]) == (3, "ok", "ok")

    @pytest.mark.parametrize(
        ("forge", "sentence"),
        [(forge, sentence) for sentence, forges in FORGED.items() for forge in forges],
    )
    def test_beyond_its_permit_is_refused(
        self, told: Story, judged: Any, forge: Callable[[Story], None], sentence: str
    ) -> None:
        forge(told)

        assert sentence in judged().details["standing"]

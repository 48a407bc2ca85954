"""Requests for an erasure, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from consent import speaker_erasure, speakers
from consent.models import Speaker
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from core import ids, transactions
from core.caller_notes import Notes
from core.clock import to_rfc3339
from core.durations import parse_duration
from core.errors import NotFound
from erasure import targets, tasks
from erasure.models import Erasure
from transparency_log import events
from vault import sealed_notes

ANSWER_WITHIN: Final = parse_duration("P1M")


@transactions.opens_transaction
def request_erasure(
    speaker_id: str,
    *,
    organisation: Organisation,
    livemode: bool,
    reason: str,
    actor: str,
    at: datetime,
    wall_time: datetime,
    notes: Notes | None = None,
) -> Erasure:
    """Freeze the speaker, withdraw every consent, plan the targets, and start the work.

    A second request returns the first erasure. `at` is the time of the organisation's data, which a
    test clock may lead ahead. `wall_time` is when the work is due. Only a known code of the reason
    is stored, because free text could hold what is to be erased.

    Raises NotFound.
    """
    speaker = speakers.get_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    speaker_erasure.freeze_speaker(speaker_id, reason=_reason_code(reason), actor=actor, at=at)

    found = Erasure.objects.filter(speaker_id=speaker_id).first()
    if found is not None:
        return found

    return _begin_erasure(
        speaker, _reason_code(reason), notes or Notes(), actor=actor, at=at, wall_time=wall_time
    )


def filter_erasures(
    wanted: Mapping[str, Any], *, organisation_id: str, livemode: bool, at: datetime
) -> QuerySet[Erasure]:
    """Return an organisation's erasures by `speaker`, `state`, `external_id` and `metadata`.

    What `wanted` does not name narrows nothing.
    """
    columns = {"speaker": "speaker_id", "state": "state"}
    rows = list_erasures(organisation_id, livemode=livemode).filter(
        **{column: wanted[name] for name, column in columns.items() if name in wanted}
    )

    return sealed_notes.filter_by_notes(rows, wanted, organisation_id=organisation_id, at=at)


def list_erasures(organisation_id: str, *, livemode: bool) -> QuerySet[Erasure]:
    """Return the erasures of an organisation."""
    rows = Erasure.objects.filter(organisation_id=organisation_id, livemode=livemode)
    return rows.prefetch_related("targets")


def get_erasure(erasure_id: str, *, organisation_id: str, livemode: bool) -> Erasure:
    """Return an organisation's erasure.

    Raises NotFound, also for another organisation's id.
    """
    found = list_erasures(organisation_id, livemode=livemode).filter(id=erasure_id).first()
    if found is None:
        raise NotFound("There is no such erasure.")

    return found


def _begin_erasure(
    speaker: Speaker,
    reason: str,
    notes: Notes,
    *,
    actor: str,
    at: datetime,
    wall_time: datetime,
) -> Erasure:
    erasure_id = ids.new("era")
    erasure = Erasure.objects.create(
        id=erasure_id,
        **sealed_notes.seal_notes(
            notes,
            subjects=(speaker.subject,),
            row_id=erasure_id,
            organisation_id=speaker.organisation_id,
            at=at,
        ),
        organisation_id=speaker.organisation_id,
        livemode=speaker.livemode,
        speaker_id=speaker.id,
        subject=speaker.subject,
        reason=reason,
        actor=actor,
        due_at=wall_time,
        created_at=at,
        answer_by=ANSWER_WITHIN.after(at),
    )

    planned = targets.plan_targets(erasure, at=at)
    # Robust: without a broker the request is stored as well, and the beat finds it.
    transaction.on_commit(lambda: tasks.carry_erasure.delay(erasure_id=erasure.id), robust=True)

    events.append_event(
        organisation_id=erasure.organisation_id,
        livemode=erasure.livemode,
        kind="erasure.started",
        at=at,
        actor=actor,
        subject=None,
        refs={"erasure": erasure.id},
        speaker=speaker.id,
        body={
            "reason": reason,
            "targets": len(planned),
            "answer_by": to_rfc3339(erasure.answer_by),
        },
    )

    return erasure


def _reason_code(reason: str) -> str:
    return change_reasons.parse_reason(reason, Act.ERASE).code or change_reasons.OTHER

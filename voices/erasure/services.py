"""Asking for an erasure and reading how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from consent import erasure as consents
from consent import speakers
from consent.models import Speaker
from consent.rules import reasons
from consent.rules.reasons import Act
from core import ids, tx
from core.clock import rfc3339
from core.durations import parse
from core.errors import NotFound
from provenance import log
from voices.erasure import targets, tasks
from voices.models import Erasure

ANSWER_WITHIN: Final = parse("P1M")


@tx.opened
def request(
    speaker_id: str,
    *,
    organisation: Organisation,
    livemode: bool,
    reason: str,
    actor: str,
    at: datetime,
    real: datetime,
) -> Erasure:
    """Freeze the speaker, revoke every consent, plan the targets, and have it carried out. Asked twice, it is one.

    `at` is the time of the organisation's data (a test clock may lead it ahead), `real` when the work is due.
    Of the reason only a known code is kept; free text could hold what is to be erased. Raises NotFound.
    """
    speaker = speakers.find(speaker_id, organisation_id=organisation.id, livemode=livemode)
    consents.freeze(speaker_id, reason=_code(reason), actor=actor, at=at)
    found = Erasure.objects.filter(speaker_id=speaker_id).first()
    if found is not None:
        return found
    return _begin(speaker, reason=_code(reason), actor=actor, at=at, real=real)


def of(organisation_id: str, *, livemode: bool) -> QuerySet[Erasure]:
    """The erasures of an organisation."""
    return Erasure.objects.filter(organisation_id=organisation_id, livemode=livemode)


def find(erasure_id: str, *, organisation_id: str, livemode: bool) -> Erasure:
    """Give an organisation's erasure. Raises NotFound, for strangers' ids too."""
    found = of(organisation_id, livemode=livemode).filter(id=erasure_id).first()
    if found is None:
        raise NotFound("There is no such erasure.")
    return found


def _begin(speaker: Speaker, *, reason: str, actor: str, at: datetime, real: datetime) -> Erasure:
    erasure = Erasure.objects.create(
        id=ids.new("era"),
        organisation_id=speaker.organisation_id,
        livemode=speaker.livemode,
        speaker_id=speaker.id,
        subject=speaker.subject,
        reason=reason,
        actor=actor,
        due_at=real,
        created_at=at,
        answer_by=ANSWER_WITHIN.after(at),
    )
    planned = targets.plan(erasure, at=at)
    # Robust: with the broker away the request stands all the same, and the beat finds it.
    transaction.on_commit(lambda: tasks.carry.delay(erasure_id=erasure.id), robust=True)
    log.append(
        organisation_id=erasure.organisation_id,
        livemode=erasure.livemode,
        kind="erasure.started",
        at=at,
        actor=actor,
        subject=None,
        refs={"erasure": erasure.id},
        speaker=speaker.id,
        body={"reason": reason, "targets": len(planned), "answer_by": rfc3339(erasure.answer_by)},
    )
    return erasure


def _code(reason: str) -> str:
    return reasons.read(reason, Act.ERASE).code or reasons.OTHER

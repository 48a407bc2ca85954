"""Expiring test data: people whom nobody used for a while are erased, what is left of others loses audio and links.

Live data is never looked at. Age counts on the organisation's test clock, as every term of test data does. Each step is
a transaction of its own with its entry in the log, so the whole may be killed anywhere: what is left is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from accounts import answers
from accounts.clock import now_for
from accounts.models import Organisation
from consent.models import Consent, Speaker
from core import tx
from core.clock import Clock
from core.durations import Duration
from core.errors import NotFound, Unavailable
from provenance import clips, log
from provenance.bundles import services as bundles
from provenance.models import Clip
from voices import jobs, removal
from voices.erasure import carrying, services
from voices.models import JobItem, Voice, VoiceState

ACTOR: Final = "operator:expire_test_data"
MOST: Final = 200
LIVE: Final = False  # whose data all of this is about: never the other

Rows = QuerySet[Any]
Counts = Mapping[str, int]
Tell = Callable[[str, int, int], None]
"""Told what kind of thing goes, how many of it have gone, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """How many of each kind went, and how many wait: for a provider, or for a worker that has them in hand."""

    gone: Counts
    waiting: Counts


def count(organisation: Organisation, *, older_than: Duration, now: Clock) -> Counts:
    """How many of each kind are older than that. Those of people who go are among them. Raises BadDuration."""
    return {kind: rows.count() for kind, rows in _found(organisation, older_than, real=now()).items()}


def expire(organisation: Organisation, *, older_than: Duration, now: Clock, tell: Tell) -> Expired:
    """Delete an organisation's test data older than that. Opens its own transactions. Raises BadDuration."""
    found = _found(organisation, older_than, real=now())
    before = {kind: rows.count() for kind, rows in found.items()}
    _one_by_one("people", found["people"], _erase, now=now, tell=tell)
    _one_by_one("voices", found["voices"], _delete_voice, now=now, tell=tell)
    for kind, delete in _DELETE.items():
        _in_batches(kind, found[kind], delete, organisation=organisation, now=now, tell=tell)
    waiting = {kind: rows.count() for kind, rows in found.items()}
    return Expired(gone={kind: before[kind] - waiting[kind] for kind in found}, waiting=waiting)


def _found(organisation: Organisation, older_than: Duration, *, real: datetime) -> dict[str, Rows]:
    before = older_than.before(now_for(organisation, livemode=LIVE, real=real))
    mine: dict[str, Any] = {"organisation_id": organisation.id, "livemode": LIVE}
    return {
        "people": _people(before, mine),
        "voices": _voices(before, mine),
        "clips": clips.linked_before(before, **mine),
        "jobs": jobs.settled_before(before, **mine),
        "exports": bundles.settled_before(before, **mine),
        "answers": answers.settled_before(older_than.before(real), **mine),  # these live a day by the real clock
    }


def _people(before: datetime, mine: Mapping[str, Any]) -> Rows:
    """Old speakers with nothing newer: half a person would be of no use to a test."""
    owner = OuterRef("subject")
    return Speaker.objects.filter(
        ~Exists(Consent.objects.filter(speaker=OuterRef("pk"), created_at__gte=before)),
        ~Exists(Voice.objects.filter(subject=owner, created_at__gte=before)),
        ~Exists(Clip.objects.filter(subject=owner, created_at__gte=before)),
        ~Exists(JobItem.objects.filter(voice__subject=owner, job__created_at__gte=before)),
        created_at__lt=before,
        **mine,
    ).exclude(state=Speaker.State.ERASED)


def _voices(before: datetime, mine: Mapping[str, Any]) -> Rows:
    """Old voices that nobody has spoken with since."""
    return Voice.objects.filter(
        ~Exists(Clip.objects.filter(voice_id=OuterRef("pk"), created_at__gte=before)),
        ~Exists(JobItem.objects.filter(voice=OuterRef("pk"), job__created_at__gte=before)),
        created_at__lt=before,
        **mine,
    ).exclude(state=VoiceState.DELETED)


def _erase(speaker: Speaker, *, now: Clock) -> None:
    erasure = services.request(
        speaker.id,
        organisation=speaker.organisation,
        livemode=LIVE,
        reason="expired",
        actor=ACTOR,
        at=now_for(speaker.organisation, livemode=LIVE, real=now()),
        real=now(),
    )
    carrying.carry_on(erasure.id, now=now)


def _delete_voice(voice: Voice, *, now: Clock) -> None:
    removal.begin(voice.id, code="test_data_expired")
    removal.carry_out(voice.id, actor=ACTOR, real=now)


def _one_by_one(kind: str, rows: Rows, end: Callable[..., None], *, now: Clock, tell: Tell) -> None:
    """End each of them; what a provider or another worker holds up is left to the sweep, or to the next run."""
    found = list(rows.order_by("created_at", "pk").values_list("pk", flat=True))
    for number, key in enumerate(found, 1):
        row = rows.select_related("organisation").filter(pk=key).first()  # it may have been used meanwhile
        if row is not None:
            with suppress(Unavailable, carrying.NotYours, NotFound):  # what waits is counted in the end
                end(row, now=now)
        tell(kind, number, len(found))


_DELETE: Final[Mapping[str, Callable[[Sequence[Any]], int]]] = {
    "clips": clips.erase, "jobs": jobs.delete, "exports": bundles.delete, "answers": answers.delete,
}  # fmt: skip


def _in_batches(
    kind: str, rows: Rows, delete: Callable[[Sequence[Any]], int], *, organisation: Organisation, now: Clock, tell: Tell
) -> None:
    done, total = 0, rows.count()
    while batch := list(rows.order_by("created_at", "pk").values_list("pk", flat=True)[:MOST]):
        gone = _delete_logged(kind, batch, delete, organisation=organisation, now=now)
        if not gone:
            return
        done += gone
        tell(kind, done, max(total, done))


@tx.opened
def _delete_logged(
    kind: str, batch: Sequence[Any], delete: Callable[[Sequence[Any]], int], *, organisation: Organisation, now: Clock
) -> int:
    gone = delete(batch)
    if gone:
        log.append(
            organisation_id=organisation.id,
            livemode=LIVE,
            kind="admin.action",
            at=now_for(organisation, livemode=LIVE, real=now()),
            actor=ACTOR,
            subject=None,
            refs={},
            body={"action": "test_data.expired", "kind": kind, "count": gone},
        )
    return gone

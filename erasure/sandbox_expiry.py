"""Expiry of test data: unused people are erased, other old rows lose their audio and links.

Live data is never read. Age counts on the organisation's test clock, as every term of test data
does. Each step is a transaction of its own with its entry in the log. So the run may be killed at
any moment, and the next one finds what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from accounts import idempotency_records
from accounts.models import Organisation
from accounts.sandbox_clock import now_for
from consent.models import Consent, Speaker
from core import transactions
from core.clock import Clock
from core.durations import Duration
from core.errors import NotFound, Unavailable
from core.leases import LeaseLost
from erasure import erasure_requests, execution
from provenance.clips import clip_erasure
from provenance.exports import export_requests
from provenance.models import Clip
from transparency_log import events
from voices import voice_deletion
from voices.models import JobItem, Voice, VoiceState
from voices.speech import job_settlement

ACTOR: Final = "operator:expire_test_data"
MOST: Final = 200
# The expiry is of test data alone.
LIVE: Final = False

Rows = QuerySet[Any]
Counts = Mapping[str, int]
Tell = Callable[[str, int, int], None]
"""Called with a kind of row, how many of it were deleted, and out of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """How many rows of each kind were deleted, and how many wait.

    They wait for a provider, or for a worker that holds them.
    """

    gone: Counts
    waiting: Counts


def count_old_data(organisation: Organisation, *, older_than: Duration, now: Clock) -> Counts:
    """Return how many rows of each kind are older than that, also those of people to erase.

    Raises BadDuration.
    """
    return {
        kind: rows.count()
        for kind, rows in _find_old_rows(organisation, older_than, wall_time=now()).items()
    }


def expire_test_data(
    organisation: Organisation, *, older_than: Duration, now: Clock, tell: Tell
) -> Expired:
    """Delete an organisation's test data older than that. Opens its own transactions.

    Raises BadDuration.
    """
    found = _find_old_rows(organisation, older_than, wall_time=now())
    before = {kind: rows.count() for kind, rows in found.items()}

    _end_one_by_one("people", found["people"], _erase_speaker, now=now, tell=tell)
    _end_one_by_one("voices", found["voices"], _delete_voice, now=now, tell=tell)
    for kind, delete in _DELETE.items():
        _delete_in_batches(kind, found[kind], delete, organisation=organisation, now=now, tell=tell)

    waiting = {kind: rows.count() for kind, rows in found.items()}
    gone = {kind: before[kind] - waiting[kind] for kind in found}

    return Expired(gone=gone, waiting=waiting)


def _find_old_rows(
    organisation: Organisation, older_than: Duration, *, wall_time: datetime
) -> dict[str, Rows]:
    before = older_than.before(now_for(organisation, livemode=LIVE, wall_time=wall_time))
    mine: dict[str, Any] = {"organisation_id": organisation.id, "livemode": LIVE}

    return {
        "people": _old_speakers(before, mine),
        "voices": _old_voices(before, mine),
        "clips": clip_erasure.list_linked_clips(before, **mine),
        "jobs": job_settlement.jobs_settled_before(before, **mine),
        "exports": export_requests.list_settled_exports(before, **mine),
        # Stored answers live a day by the real clock.
        "answers": idempotency_records.settled_before(older_than.before(wall_time), **mine),
    }


def _old_speakers(before: datetime, test_data: Mapping[str, Any]) -> Rows:
    """Return old speakers with nothing newer. Half a person would be of no use to a test."""
    owner = OuterRef("subject")

    return Speaker.objects.filter(
        ~Exists(Consent.objects.filter(speaker=OuterRef("pk"), created_at__gte=before)),
        ~Exists(Voice.objects.filter(subject=owner, created_at__gte=before)),
        ~Exists(Clip.objects.filter(subject=owner, created_at__gte=before)),
        ~Exists(JobItem.objects.filter(voice__subject=owner, job__created_at__gte=before)),
        created_at__lt=before,
        **test_data,
    ).exclude(state=Speaker.State.ERASED)


def _old_voices(before: datetime, test_data: Mapping[str, Any]) -> Rows:
    """Return old voices that were not used since."""
    return Voice.objects.filter(
        ~Exists(Clip.objects.filter(voice_id=OuterRef("pk"), created_at__gte=before)),
        ~Exists(JobItem.objects.filter(voice=OuterRef("pk"), job__created_at__gte=before)),
        created_at__lt=before,
        **test_data,
    ).exclude(state=VoiceState.DELETED)


def _erase_speaker(speaker: Speaker, *, now: Clock) -> None:
    erasure = erasure_requests.request_erasure(
        speaker.id,
        organisation=speaker.organisation,
        livemode=LIVE,
        reason="expired",
        actor=ACTOR,
        at=now_for(speaker.organisation, livemode=LIVE, wall_time=now()),
        wall_time=now(),
    )
    execution.continue_erasure(erasure.id, now=now)


def _delete_voice(voice: Voice, *, now: Clock) -> None:
    voice_deletion.begin_deletion(voice.id, code="test_data_expired")
    voice_deletion.run_deletion(voice.id, actor=ACTOR, wall_clock=now)


def _end_one_by_one(
    kind: str, rows: Rows, end: Callable[..., None], *, now: Clock, tell: Tell
) -> None:
    """End each row. What a provider or another worker delays is left to the sweep or next run."""
    found = list(rows.order_by("created_at", "pk").values_list("pk", flat=True))

    for number, key in enumerate(found, 1):
        # The row may have been used in the meantime.
        row = rows.select_related("organisation").filter(pk=key).first()
        if row is not None:
            # What waits is counted at the end.
            with suppress(Unavailable, LeaseLost, NotFound):
                end(row, now=now)

        tell(kind, number, len(found))


_DELETE: Final[Mapping[str, Callable[[Sequence[Any]], int]]] = {
    "clips": clip_erasure.erase_clips, "jobs": job_settlement.delete_jobs,
    "exports": export_requests.delete_exports, "answers": idempotency_records.delete_answers,
}  # fmt: skip


def _delete_in_batches(
    kind: str,
    rows: Rows,
    delete: Callable[[Sequence[Any]], int],
    *,
    organisation: Organisation,
    now: Clock,
    tell: Tell,
) -> None:
    done = 0
    total = rows.count()

    while batch := list(rows.order_by("created_at", "pk").values_list("pk", flat=True)[:MOST]):
        gone = _delete_batch(kind, batch, delete, organisation=organisation, now=now)
        if not gone:
            return

        done += gone
        tell(kind, done, max(total, done))


@transactions.opens_transaction
def _delete_batch(
    kind: str,
    batch: Sequence[Any],
    delete: Callable[[Sequence[Any]], int],
    *,
    organisation: Organisation,
    now: Clock,
) -> int:
    gone = delete(batch)
    if gone:
        events.append_event(
            organisation_id=organisation.id,
            livemode=LIVE,
            kind="admin.action",
            at=now_for(organisation, livemode=LIVE, wall_time=now()),
            actor=ACTOR,
            subject=None,
            refs={},
            body={"action": "test_data.expired", "kind": kind, "count": gone},
        )

    return gone

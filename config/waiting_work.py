"""How much work waits, and for how long: the gauges that come from rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min, Q
from django.db.models.functions import Now

from consent.models import Delivery
from core import database_clock, ids
from erasure.models import Erasure, ErasureState
from provenance.models import Export
from provenance.models.export import UNSETTLED as UNSETTLED_EXPORTS
from transparency_log import sequencer
from transparency_log.models import Outbox
from voices.models import JobItem, Voice, VoiceState
from voices.models.job import JobState

_OVERDUE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkGauge:
    """A number, its name for Prometheus, and what it means."""

    name: str
    meaning: str
    value: float


def measure_waiting_work() -> Iterator[WorkGauge]:
    """Yield the gauges. All times are those of the database's clock."""
    yield from _measure_log()
    yield from _measure_jobs()
    yield from _measure_erasures()

    exports = Export.objects.filter(state__in=UNSETTLED_EXPORTS).count()
    yield WorkGauge(name="sayso_exports_waiting", meaning="Exports to make.", value=exports)
    links = Delivery.objects.filter(state=Delivery.State.QUEUED).count()
    yield WorkGauge(name="sayso_links_waiting", meaning="Signing links to send.", value=links)


def _measure_log() -> Iterator[WorkGauge]:
    yield WorkGauge(
        name="sayso_log_events_waiting",
        meaning="Events that are not sequenced yet.",
        value=Outbox.objects.count(),
    )
    yield WorkGauge(
        name="sayso_log_oldest_waiting_seconds",
        meaning="Age of the oldest event that is not sequenced yet.",
        value=_measure_oldest_event(),
    )
    yield WorkGauge(
        name="sayso_logs_unsettled",
        meaning="Logs with waiting events, or whose newest head is not published.",
        value=len(sequencer.list_unsettled_logs()),
    )


def _measure_oldest_event() -> float:
    oldest = Outbox.objects.order_by("id").values_list("event_id", flat=True).first()
    if oldest is None:
        return 0.0

    # The first 48 bits of an id are milliseconds (RFC 9562, section 5.7).
    began = int.from_bytes(ids.to_bytes(oldest)[:6]) / 1000
    return max(0.0, database_clock.read_database_time().timestamp() - began)


def _measure_jobs() -> Iterator[WorkGauge]:
    queued = JobItem.objects.filter(Q(due_at=None) | Q(due_at__lte=Now()), state=JobState.QUEUED)
    yield WorkGauge(
        name="sayso_job_items_waiting",
        meaning="Texts of jobs that are due and that no worker has taken.",
        value=queued.count(),
    )
    oldest = queued.aggregate(oldest=Min("job__created_at"))["oldest"]
    yield WorkGauge(
        name="sayso_job_items_oldest_seconds",
        meaning="Age of the oldest job with such a text.",
        value=_compute_age(oldest),
    )


def _measure_erasures() -> Iterator[WorkGauge]:
    running = Erasure.objects.filter(state=ErasureState.RUNNING)
    yield WorkGauge(
        name="sayso_erasures_waiting",
        meaning="Erasures that are not complete.",
        value=running.count(),
    )
    overdue = running.filter(Q(answer_by__lte=Now()) | Q(due_at__lte=Now() - _OVERDUE))
    yield WorkGauge(
        name="sayso_erasures_overdue",
        meaning="Erasures past their legal term, or due for an hour and not carried on.",
        value=overdue.count(),
    )
    kept = Voice.objects.filter(state=VoiceState.REVOKING, deletion_overdue_at__isnull=False)
    yield WorkGauge(
        name="sayso_deletions_overdue",
        meaning="Voices that a provider has not deleted in thirty days.",
        value=kept.count(),
    )


def _compute_age(at: datetime | None) -> float:
    return max(0.0, (database_clock.read_database_time() - at).total_seconds()) if at else 0.0

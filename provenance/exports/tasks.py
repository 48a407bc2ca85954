"""Background work of exports: rows are the truth, the message only wakes."""

from __future__ import annotations

from celery import shared_task

from core import clock
from provenance.exports import worker


@shared_task(name="provenance.export_pending", acks_late=True, ignore_result=True)
def export_pending(**_later: object) -> None:
    """Make the exports that wait, expire the old ones; woken by every request and by the beat."""
    worker.make_pending_exports(now=clock.now)

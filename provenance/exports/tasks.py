"""Background tasks of exports."""

from __future__ import annotations

from core import database_clock
from core.background_tasks import background_task
from provenance.exports import worker


@background_task(name="provenance.export_pending")
def export_pending(**_later: object) -> None:
    """Make the exports that wait, and expire old ones. Each request and the beat send this task."""
    worker.make_pending_exports(now=database_clock.get_work_time)

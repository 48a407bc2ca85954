"""Background work of exports: rows are the truth, the message only wakes."""

from __future__ import annotations

from core import clock
from core.background_tasks import background_task
from provenance.exports import worker


@background_task(name="provenance.export_pending")
def export_pending(**_later: object) -> None:
    """Make the exports that wait, expire the old ones; woken by every request and by the beat."""
    worker.make_pending_exports(now=clock.now)

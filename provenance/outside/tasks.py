"""Background work with outsiders: rows are the truth, the beat wakes."""

from __future__ import annotations

from celery import shared_task

from core import clock
from provenance.outside import errands


@shared_task(name="provenance.outside", acks_late=True, ignore_result=True)
def outside(**_later: object) -> None:
    """Have checkpoints cosigned, copied and stamped, as far as that is configured and due."""
    errands.run(now=clock.now)

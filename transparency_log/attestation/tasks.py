"""Background tasks of the attestations."""

from __future__ import annotations

from core import database_clock
from core.background_tasks import background_task
from transparency_log.attestation import scheduler


@background_task(name="transparency_log.attest")
def attest_checkpoints(**_later: object) -> None:
    """Request the cosignatures, copies and time stamps that are configured and due."""
    scheduler.run_due_tasks(now=database_clock.get_work_time)

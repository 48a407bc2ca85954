"""Background tasks of erasures: continue one, and find those that are due."""

from __future__ import annotations

import logging

from core import database_clock
from core.background_tasks import background_task, is_stopping
from core.errors import SaysoError
from erasure import execution, tombstone_checks

logger = logging.getLogger(__name__)


@background_task(name="erasure.carry")
def carry_erasure(*, erasure_id: str, **_later: object) -> None:
    """Continue one erasure. `carry_due_erasures` finds it again if it cannot be finished now."""
    try:
        execution.continue_erasure(erasure_id, now=database_clock.get_work_time)
    except SaysoError as error:
        logger.info(
            "erasure not finished now", extra={"erasure": erasure_id, "code": error.stable_code}
        )
    except Exception:
        # Its lease is given back. The other erasures do not wait for it.
        logger.exception("erasure not finished now", extra={"erasure": erasure_id})


@background_task(name="erasure.carry_due")
def carry_due_erasures(**_later: object) -> None:
    """Continue every erasure that is due, also after a lost message."""
    for erasure_id in execution.list_due_erasures(at=database_clock.get_work_time()):
        if is_stopping():
            return
        carry_erasure(erasure_id=erasure_id)


@background_task(name="erasure.complete_tombstones")
def complete_tombstones(**_later: object) -> None:
    """Write the tombstones that are missing, and log the lines that cannot be read."""
    tombstone_checks.restore_tombstones(at=database_clock.get_work_time())

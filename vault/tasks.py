"""Background work of the vault: the rotation of KEK versions, and the sweep of orphaned files."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from core import clock, database_clock
from core.background_tasks import background_task
from vault import blobs, key_rotation
from vault.models import Kek, KekState

logger = logging.getLogger(__name__)

# Together the outer bound of an erasure (see `vault.key_rotation`): 35 days, like the retention
# that backups should have.
EPOCH: Final = timedelta(days=28)
GRACE: Final = timedelta(days=7)


@background_task(name="vault.rotate")
def rotate_kek_when_due(**_later: object) -> None:
    """Start a new KEK version when the current one is old enough, and finish older rotations."""
    at = database_clock.get_work_time()
    if Kek.objects.filter(state=KekState.CURRENT, created_at__lte=at - EPOCH).exists():
        done = key_rotation.rotate_kek(at=at, grace=GRACE)
    elif Kek.objects.filter(state=KekState.RETIRING).exists():
        done = key_rotation.finish_rotation(at=at, grace=GRACE)
    else:
        return

    facts = {"epoch": done.epoch, "rewrapped": done.rewrapped, "destroyed": len(done.destroyed)}
    logger.info("KEK versions rotated", extra=facts)


@background_task(name="vault.sweep")
def sweep_orphaned_blobs(**_later: object) -> None:
    """Delete encrypted files whose rows never came or are gone."""
    # By the clock that dated the files, not by that of the database.
    swept = blobs.sweep_orphans(at=clock.now())
    if swept:
        logger.info("orphans swept", extra={"files": swept})

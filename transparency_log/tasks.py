"""Background tasks of the log: place what was appended, and publish it."""

from __future__ import annotations

import logging

from core import database_clock
from core.background_tasks import background_task
from core.errors import SaysoError
from transparency_log import sequencer

logger = logging.getLogger(__name__)


@background_task(name="transparency_log.settle_organisation")
def settle_organisation(*, organisation_id: str, **_later: object) -> None:
    """Place the waiting events of one organisation and publish its checkpoint.

    Every append sends this task.
    """
    _settle_log(organisation_id)


@background_task(name="transparency_log.settle")
def settle_all_logs(**_later: object) -> None:
    """Settle every log with waiting events or an unsigned head.

    This finds by the rows alone what a lost message left undone.
    """
    for organisation_id in sequencer.list_unsettled_logs():
        _settle_log(organisation_id)


def _settle_log(organisation_id: str) -> None:
    try:
        sequencer.settle_log(organisation_id, at=database_clock.get_work_time())
    except SaysoError as error:
        # The fault of one organisation (such as a log behind its anchor) must not delay the others.
        # The beat tries again.
        logger.exception(
            "log not settled", extra={"organisation_id": organisation_id, "code": error.stable_code}
        )

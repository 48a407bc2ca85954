"""Background work of the log: publish what was appended, and have it attested.

Rows are the truth, messages wake.
"""

from __future__ import annotations

import logging

from core import clock
from core.background_tasks import background_task
from core.errors import SaysoError
from transparency_log import sequencer

logger = logging.getLogger(__name__)


@background_task(name="transparency_log.settle_organisation")
def settle_organisation(*, organisation_id: str, **_later: object) -> None:
    """Sequence one organisation's waiting events and publish its checkpoint; woken by every
    append.
    """
    _settle_log(organisation_id)


@background_task(name="transparency_log.settle")
def settle_all_logs(**_later: object) -> None:
    """Do so for every organisation with waiting events or an unsigned head: what a lost message
    left behind.
    """
    for organisation_id in sequencer.list_unsettled_logs():
        _settle_log(organisation_id)


def _settle_log(organisation_id: str) -> None:
    try:
        sequencer.settle_log(organisation_id, at=clock.now())
    except SaysoError as error:
        # One organisation's fault (a log behind its anchor) must not keep the others waiting; the
        # beat tries again.
        logger.exception(
            "log not settled", extra={"organisation_id": organisation_id, "code": error.stable_code}
        )

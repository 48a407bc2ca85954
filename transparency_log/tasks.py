"""Background tasks of the log: place what was appended, and publish it."""

from __future__ import annotations

from core import database_clock
from core.background_tasks import background_task
from core.contained_faults import contain_fault
from transparency_log import sequencer


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
    # The fault of one organisation (a log behind its anchor, a lost tile, a full disk) must not
    # delay the others. The beat tries again, several times a second.
    with contain_fault("log not settled", organisation_id=organisation_id):
        sequencer.settle_log(organisation_id, at=database_clock.get_work_time())

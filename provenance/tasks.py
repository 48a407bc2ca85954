"""Background work of provenance: the log, fingerprints, what is kept for a time. Rows are the truth, messages wake."""

from __future__ import annotations

import logging
from typing import Final

from celery import shared_task

from core import clock
from core.errors import SaysoError
from provenance import feedback
from provenance.fingerprint import filing
from provenance.ledger import sequencer

logger = logging.getLogger(__name__)
_AT_ONCE: Final = 50


@shared_task(name="provenance.settle_organisation", acks_late=True, ignore_result=True)
def settle_organisation(*, organisation_id: str, **_later: object) -> None:
    """Sequence one organisation's waiting events and publish its checkpoint; woken by every append."""
    _settle(organisation_id)


@shared_task(name="provenance.settle", acks_late=True, ignore_result=True)
def settle(**_later: object) -> None:
    """Do so for every organisation with waiting events or an unsigned head: what a lost message left behind."""
    for organisation_id in sequencer.unsettled():
        _settle(organisation_id)


@shared_task(name="provenance.fingerprint_pending", acks_late=True, ignore_result=True)
def fingerprint_pending(**_later: object) -> None:
    """Make the fingerprints that wait: of new clips, and of all when the key of the index is another."""
    while filing.carry_on(at=clock.now(), most=_AT_ONCE) == _AT_ONCE:
        pass


@shared_task(name="provenance.forget_feedback", acks_late=True, ignore_result=True)
def forget_feedback(**_later: object) -> None:
    """Delete opinions on answers whose time is over."""
    feedback.forget(at=clock.now())


def _settle(organisation_id: str) -> None:
    try:
        sequencer.settle(organisation_id, at=clock.now())
    except SaysoError as error:
        # One organisation's fault (a log behind its anchor) must not keep the others waiting; the beat tries again.
        logger.exception("log not settled", extra={"organisation_id": organisation_id, "code": error.stable_code})

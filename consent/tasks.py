"""Background work of consent: end what time alone ends. The message carries nothing; the rows say what is due."""

from __future__ import annotations

import logging

from celery import shared_task

from consent.life import sweeps
from core import clock

logger = logging.getLogger(__name__)


@shared_task(name="consent.expire", acks_late=True, ignore_result=True)
def expire(**_later: object) -> None:
    """End consents whose term is over and requests that nobody answered, each by its organisation's clock."""
    ended = sweeps.expire_due(at=clock.now())
    if ended:
        logger.info("consents ended by time", extra={"consents": ended})

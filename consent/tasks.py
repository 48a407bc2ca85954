"""Background work of consent: what time alone ends, and links to send.

Messages carry ids; rows say what is due.
"""

from __future__ import annotations

import logging

from celery import shared_task

from consent import wakeups
from consent.lifecycle import expiry, link_sender
from core import clock

logger = logging.getLogger(__name__)


@shared_task(name="consent.expire", acks_late=True, ignore_result=True)
def expire_consents(**_later: object) -> None:
    """End consents whose term is over and requests that nobody answered, each by its organisation's
    clock.
    """
    ended = expiry.expire_due(at=clock.now())
    if ended:
        logger.info("consents ended by time", extra={"consents": ended})


@shared_task(name="consent.deliver", acks_late=True, ignore_result=True)
def deliver_link(delivery_id: str, **_later: object) -> None:
    """Send one link now. A message that was lost or came too early is made good by the sweep."""
    link_sender.send_one(delivery_id, now=clock.now)


@shared_task(name="consent.deliver_pending", acks_late=True, ignore_result=True)
def deliver_pending_links(**_later: object) -> None:
    """Send every link that is due: retries, and what a worker that died left behind."""
    link_sender.send_pending(now=clock.now)


def wake_sender(*, delivery_id: str, **_signal: object) -> None:
    """Have a worker send a link that was just queued."""
    deliver_link.delay(delivery_id=delivery_id)


def connect_wakeups() -> None:
    """Hear of queued deliveries; called when the applications start."""
    wakeups.delivery_queued.connect(wake_sender, dispatch_uid="consent.wake_sender")

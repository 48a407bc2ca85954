"""Background tasks of consent: what time alone ends, and links to send.

Messages carry ids. The rows decide what is due.
"""

from __future__ import annotations

import logging

from consent import wakeups
from consent.lifecycle import expiry, link_sender
from core import database_clock
from core.background_tasks import background_task

logger = logging.getLogger(__name__)


@background_task(name="consent.expire")
def expire_consents(**_later: object) -> None:
    """End consents whose term is over and requests without an answer, by their data's clock."""
    ended = expiry.expire_due(at=database_clock.get_work_time())
    if ended:
        logger.info("consents ended by time", extra={"consents": ended})


@background_task(name="consent.deliver")
def deliver_link(delivery_id: str, **_later: object) -> None:
    """Send one link now. The sweep sends it if this message is lost or too early."""
    link_sender.send_one(delivery_id, now=database_clock.get_work_time)


@background_task(name="consent.deliver_pending")
def deliver_pending_links(**_later: object) -> None:
    """Send every link that is due: retries, and what a dead worker left behind."""
    link_sender.send_pending(now=database_clock.get_work_time)


def queue_link_delivery(*, delivery_id: str, **_signal: object) -> None:
    """Queue the task that sends a link."""
    deliver_link.delay(delivery_id=delivery_id)


def connect_wakeups() -> None:
    """Listen for queued deliveries. Called when the applications start."""
    wakeups.delivery_queued.connect(queue_link_delivery, dispatch_uid="consent.wake_sender")

"""Signals that wake who waits: for consents to end, for links to leave.

Rows are the truth, a sweep reads them.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import Signal

consent_ended = Signal()
"""Sent after the commit that ended or paused a consent, with `consent_id`."""

delivery_queued = Signal()
"""Sent after the commit that queued a delivery, with `delivery_id`."""


def announce_consent_end(consent_id: str) -> None:
    """Send `consent_ended` once the current transaction has committed; a failing listener hurts
    nobody.
    """
    transaction.on_commit(partial(_send_ended, consent_id))


def _send_ended(consent_id: str) -> None:
    consent_ended.send_robust(sender=None, consent_id=consent_id)


def wake_sender(delivery_id: str) -> None:
    """Send `delivery_queued` once the current transaction has committed; the sweep finds what a
    lost signal leaves.
    """
    transaction.on_commit(partial(_send_queued, delivery_id))


def _send_queued(delivery_id: str) -> None:
    delivery_queued.send_robust(sender=None, delivery_id=delivery_id)

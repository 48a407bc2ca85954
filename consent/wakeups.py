"""Signals that wake waiting work: consents that ended, links to send.

The work is found by the rows alone. A lost signal only delays it.
"""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

consent_ended = Signal()
"""Sent after the commit that ended or suspended a consent, with `consent_id`."""

delivery_queued = Signal()
"""Sent after the commit that queued a delivery, with `delivery_id`."""


def announce_consent_end(consent_id: str) -> None:
    """Send `consent_ended` once the current transaction has committed.

    A failing listener affects no other one.
    """
    transaction.on_commit(lambda: _send_ended(consent_id), robust=True)


def _send_ended(consent_id: str) -> None:
    consent_ended.send_robust(sender=None, consent_id=consent_id)


def announce_queued_delivery(delivery_id: str) -> None:
    """Send `delivery_queued` once the current transaction has committed.

    The sweep finds what a lost signal leaves undone.
    """
    transaction.on_commit(lambda: _send_queued(delivery_id), robust=True)


def _send_queued(delivery_id: str) -> None:
    delivery_queued.send_robust(sender=None, delivery_id=delivery_id)

"""Signals that wake whoever waits for consents to end. They only wake: the rows are the truth, a sweep reads them."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import Signal

consent_ended = Signal()
"""Sent after the commit that ended or paused a consent, with `consent_id`."""


def wake(consent_id: str) -> None:
    """Send `consent_ended` once the current transaction has committed; a failing listener hurts nobody."""
    transaction.on_commit(partial(_send, consent_id))


def _send(consent_id: str) -> None:
    consent_ended.send_robust(sender=None, consent_id=consent_id)

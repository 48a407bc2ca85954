"""Writes the events of accounts (keys issued, rotated, disabled; the test clock moved) to the
log.
"""

from __future__ import annotations

from accounts.domain_events import DomainEvent
from transparency_log import events


def record_account_event(event: DomainEvent) -> None:
    """Append the event, inside the transaction that made it true. Raises as `log.append` does."""
    events.append_event(
        organisation_id=event.organisation_id,
        livemode=event.livemode,
        kind=event.kind,
        at=event.at,
        actor=event.actor,
        subject=None,
        refs=event.refs,
        body=event.facts,
    )

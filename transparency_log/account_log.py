"""Listener that writes the events of accounts to the log: keys, members, the test clock."""

from __future__ import annotations

from accounts.domain_events import DomainEvent
from transparency_log import events


def record_account_event(event: DomainEvent) -> None:
    """Append `event` inside the transaction that made it true.

    Raises what `events.append_event` raises.
    """
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

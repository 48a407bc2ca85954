"""Writes the events of accounts (keys issued, rotated, disabled; the test clock moved) to the log."""

from __future__ import annotations

from accounts import events
from accounts.events import Event
from provenance import log


def subscribe() -> None:
    """Have every event of accounts logged from now on; called once when the apps are ready."""
    events.listen(record)


def record(event: Event) -> None:
    """Append the event, inside the transaction that made it true. Raises as `log.append` does."""
    log.append(
        organisation_id=event.organisation_id,
        livemode=event.livemode,
        kind=event.kind,
        at=event.at,
        actor=event.actor,
        subject=None,
        refs=event.refs,
        body=event.facts,
    )

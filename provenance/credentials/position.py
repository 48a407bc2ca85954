"""Where an event stands in the log and what the log commits to there: what a manifest may say of a permission."""

from __future__ import annotations

from provenance.credentials.manifest import Commitment
from provenance.ledger import checkpoints, entries
from provenance.models import Entry, Head, Outbox


def commitment(event_id: str) -> Commitment | None:
    """Give the commitment of an event of ours; without an index while it waits for its place. None for no event."""
    index: int | None = None
    waiting = Outbox.objects.filter(event_id=event_id).values_list("payload", flat=True).first()
    if waiting is None:  # in this order: the sequencer moves it from the one to the other
        placed = Entry.objects.filter(event_id=event_id).values_list("payload", "idx").first()
        if placed is None:
            return None
        waiting, index = placed
    found = entries.read(bytes(waiting))
    head = Head.objects.filter(organisation_id=found.organisation_id).first()
    origin = head.name if head else checkpoints.origin(found.organisation_id)
    return Commitment(origin=origin, event=event_id, value=found.commitment, index=index)

"""Where an event stands in the log and what the log commits to there: what a manifest may say of a
permission.
"""

from __future__ import annotations

from django.conf import settings

from provenance.c2pa.manifest import Commitment
from transparency_log.formats import log_entry
from transparency_log.models import Entry, Outbox


def get_commitment(event_id: str) -> Commitment | None:
    """Give the commitment of an event of ours; without an index while it waits for its place.

    None for no event.
    """
    index: int | None = None
    waiting = Outbox.objects.filter(event_id=event_id).values_list("payload", flat=True).first()
    if waiting is None:  # in this order: the sequencer moves it from the one to the other
        placed = Entry.objects.filter(event_id=event_id).values_list("payload", "idx").first()
        if placed is None:
            return None
        waiting, index = placed
    found = log_entry.read_entry(bytes(waiting))
    # The address, not the name in the checkpoints: that has no scheme, so that no reader could
    # follow it.
    origin = f"{settings.SAYSO_PUBLIC_URL}/log/{found.organisation_id}"
    return Commitment(origin=origin, event=event_id, value=found.commitment, index=index)

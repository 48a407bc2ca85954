"""The reference of a manifest to the log: an event's place, and what the log commits to there."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from core.compiled_queries import CompiledQuery
from provenance.c2pa.manifest import Commitment
from transparency_log.formats import log_entry
from transparency_log.models import Entry, Outbox

_WAITING: Final = CompiledQuery(
    lambda event_id: Outbox.objects.filter(event_id=event_id).only("payload"), texts=1
)


def get_commitment(event_id: str) -> Commitment | None:
    """Return the commitment of an event of ours, or None for no event.

    It has no index while the event waits for its place.
    """
    index: int | None = None

    # In this order, because the sequencer moves the event from the one to the other.
    waiting = _WAITING.find_first(event_id)
    if waiting is not None:
        payload = waiting.payload
    else:
        placed = Entry.objects.filter(event_id=event_id).values_list("payload", "idx").first()
        if placed is None:
            return None
        payload, index = placed

    found = log_entry.read_entry(bytes(payload))

    # The address, because the name in the checkpoints has no scheme, so no reader could follow it.
    origin = f"{settings.SAYSO_PUBLIC_URL}/log/{found.organisation_id}"
    return Commitment(origin=origin, event=event_id, value=found.commitment, index=index)

"""Where an event stands in the log, and the proof of it that anybody can check without us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound
from provenance.ledger import checkpoints, cosigned, merkle, notes, queries, sequencer, store
from provenance.ledger.queries import Event
from provenance.models import Checkpoint, Entry, Outbox


def index_of(event_id: str) -> int | None:
    """Give the place of an event in its organisation's log; None while it waits, or when there is no such event."""
    return Entry.objects.filter(event_id=event_id).values_list("idx", flat=True).first()


def tlog_proof(event_id: str, *, at: datetime) -> str:
    """Give the C2SP tlog-proof of an event, against the newest checkpoint that a witness cosigned, or else the newest.

    Places the event and signs a checkpoint first when needed.

    Not inside a transaction. Raises NotFound for an unknown event, checkpoints.AnchorMismatch.
    """
    entry = _placed(event_id, at=at)
    checkpoint = _covering(entry, at=at)
    path = inclusion(entry.organisation_id, index=entry.idx, size=checkpoint.size)
    return notes.write_proof(notes.Proof(index=entry.idx, path=path, checkpoint=cosigned.note(checkpoint)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An event that stands in the log and below a published checkpoint; `origin` is the log's present name."""

    event_id: str
    origin: str
    index: int


def settled(event_id: str, *, at: datetime) -> Place:
    """Place an event, and publish a checkpoint over it, where that has not happened yet. Not inside a transaction.

    Raises NotFound for an unknown event, checkpoints.AnchorMismatch.
    """
    entry = _placed(event_id, at=at)
    head = notes.parse_checkpoint(_covering(entry, at=at).note.rpartition("\n\n")[0] + "\n")
    return Place(event_id=event_id, origin=head.origin, index=entry.idx)


def inclusion(organisation_id: str, *, index: int, size: int) -> tuple[bytes, ...]:
    """Compute the audit path of an entry in the tree of `size`. Raises ValueError outside of it, store.TileLost."""
    return store.hashes(organisation_id, merkle.inclusion_spans(index, size))


def consistency(organisation_id: str, *, old: int, new: int) -> tuple[bytes, ...]:
    """Compute the proof that the tree of `new` entries begins with that of `old`. Raises ValueError, store.TileLost."""
    return store.hashes(organisation_id, merkle.consistency_spans(old, new))


def history(organisation_id: str, ref_id: str, *, kinds: str | None = None) -> tuple[Event, ...]:
    """Give the events that name this public id, oldest first, bodies opened where the key lives.

    `kinds` is how their kinds begin: without it the history of a busy consent holds every decision.

    Sees what was written before it was asked: waiting events are placed first, hence not inside a transaction.
    """
    sequencer.place(organisation_id)
    return tuple(queries.events(organisation_id, ref=ref_id, kinds=kinds))


def _placed(event_id: str, *, at: datetime) -> Entry:
    entry = Entry.objects.filter(event_id=event_id).first()
    if entry is not None:
        return entry
    waiting = Outbox.objects.filter(event_id=event_id).first()
    if waiting is not None:
        sequencer.settle(waiting.organisation_id, at=at)
        entry = Entry.objects.filter(event_id=event_id).first()
    if entry is None:
        raise NotFound("There is no such event.")
    return entry


def _covering(entry: Entry, *, at: datetime) -> Checkpoint:
    checkpoint = cosigned.best_covering(entry.organisation_id, entry.idx)
    if checkpoint is None or checkpoint.size <= entry.idx:
        checkpoint = checkpoints.publish(entry.organisation_id, at=at)
    if checkpoint is None:
        raise NotFound("This log has no checkpoint yet.")
    return checkpoint

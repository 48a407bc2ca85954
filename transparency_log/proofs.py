"""Where an event stands in the log, and the proof of it that anybody can check without us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound
from transparency_log import checkpoints, cosigned_checkpoints, log_reader, sequencer
from transparency_log.formats import merkle, signed_note
from transparency_log.log_reader import LoggedEvent
from transparency_log.models import Checkpoint, Entry, Outbox
from transparency_log.storage import tile_store


def get_event_index(event_id: str) -> int | None:
    """Give the place of an event in its organisation's log; None while it waits, or when there is
    no such event.
    """
    return Entry.objects.filter(event_id=event_id).values_list("idx", flat=True).first()


def build_tlog_proof(event_id: str, *, at: datetime) -> str:
    """Give the C2SP tlog-proof of an event, against the newest checkpoint that a witness cosigned,
    or else the newest.

    Places the event and signs a checkpoint first when needed.

    Not inside a transaction. Raises NotFound for an unknown event, checkpoints.AnchorMismatch.
    """
    entry = _place_event(event_id, at=at)
    checkpoint = _get_covering_checkpoint(entry, at=at)
    path = build_inclusion_proof(entry.organisation_id, index=entry.idx, size=checkpoint.size)
    return signed_note.write_proof(
        signed_note.LogProof(
            index=entry.idx,
            path=path,
            checkpoint=cosigned_checkpoints.build_cosigned_note(checkpoint),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An event that stands in the log and below a published checkpoint; `origin` is the log's
    present name.
    """

    event_id: str
    origin: str
    index: int


def settle_event(event_id: str, *, at: datetime) -> Place:
    """Place an event, and publish a checkpoint over it, where that has not happened yet.

    Not inside a transaction.

    Raises NotFound for an unknown event, checkpoints.AnchorMismatch.
    """
    entry = _place_event(event_id, at=at)
    head = signed_note.parse_checkpoint(
        _get_covering_checkpoint(entry, at=at).note.rpartition("\n\n")[0] + "\n"
    )
    return Place(event_id=event_id, origin=head.origin, index=entry.idx)


def build_inclusion_proof(organisation_id: str, *, index: int, size: int) -> tuple[bytes, ...]:
    """Compute the audit path of an entry in the tree of `size`.

    Raises ValueError outside of it, store.TileLost.
    """
    return tile_store.compute_span_hashes(organisation_id, merkle.list_inclusion_spans(index, size))


def build_consistency_proof(organisation_id: str, *, old: int, new: int) -> tuple[bytes, ...]:
    """Compute the proof that the tree of `new` entries begins with that of `old`.

    Raises ValueError, store.TileLost.
    """
    return tile_store.compute_span_hashes(organisation_id, merkle.list_consistency_spans(old, new))


def list_history(
    organisation_id: str, ref_id: str, *, kinds: str | None = None
) -> tuple[LoggedEvent, ...]:
    """Give the events that name this public id, oldest first, bodies opened where the key lives.

    `kinds` is how their kinds begin: without it the history of a busy consent holds every decision.

    Sees what was written before it was asked: waiting events are placed first, hence not inside a
    transaction.
    """
    sequencer.place_waiting_events(organisation_id)
    return tuple(log_reader.walk_events(organisation_id, ref=ref_id, kinds=kinds))


def _place_event(event_id: str, *, at: datetime) -> Entry:
    entry = Entry.objects.filter(event_id=event_id).first()
    if entry is not None:
        return entry
    waiting = Outbox.objects.filter(event_id=event_id).first()
    if waiting is not None:
        sequencer.settle_log(waiting.organisation_id, at=at)
        entry = Entry.objects.filter(event_id=event_id).first()
    if entry is None:
        raise NotFound("There is no such event.")
    return entry


def _get_covering_checkpoint(entry: Entry, *, at: datetime) -> Checkpoint:
    checkpoint = cosigned_checkpoints.get_best_covering(entry.organisation_id, entry.idx)
    if checkpoint is None or checkpoint.size <= entry.idx:
        checkpoint = checkpoints.publish_checkpoint(entry.organisation_id, at=at)
    if checkpoint is None:
        raise NotFound("This log has no checkpoint yet.")
    return checkpoint

"""Places of events in the log, and inclusion and consistency proofs that need no trust in us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound
from transparency_log import checkpoints, cosigned_checkpoints, log_reader, sequencer
from transparency_log.formats import proof_spans, signed_note
from transparency_log.log_reader import LoggedEvent
from transparency_log.models import Checkpoint, Entry, Outbox
from transparency_log.storage import tile_store


def get_event_index(event_id: str) -> int | None:
    """Return the index of an event in its organisation's log.

    None while the event waits in the outbox, and for an unknown event.
    """
    return Entry.objects.filter(event_id=event_id).values_list("idx", flat=True).first()


def list_event_indexes(event_ids: Iterable[str]) -> dict[str, int]:
    """Return the indexes of those of these events that have their places in the log."""
    found = Entry.objects.filter(event_id__in=set(event_ids))
    return dict(found.values_list("event_id", "idx"))


def build_tlog_proof(event_id: str, *, at: datetime) -> str:
    """Return the C2SP tlog-proof of an event.

    It is against the newest checkpoint that a witness cosigned, or else the newest one. Places the
    event and publishes a checkpoint first where needed. Must not run inside a transaction.

    Raises NotFound for an unknown event, AnchorMismatch.
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
    """The index of an event below a published checkpoint. `origin` is the log's present name."""

    event_id: str
    origin: str
    index: int


def settle_event(event_id: str, *, at: datetime) -> Place:
    """Place an event and publish a checkpoint over it, where that has not happened yet.

    Must not run inside a transaction.

    Raises NotFound for an unknown event, AnchorMismatch.
    """
    entry = _place_event(event_id, at=at)
    head = signed_note.parse_checkpoint(
        _get_covering_checkpoint(entry, at=at).note.rpartition("\n\n")[0] + "\n"
    )

    return Place(event_id=event_id, origin=head.origin, index=entry.idx)


def build_inclusion_proof(organisation_id: str, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the audit path of the entry at `index` in the tree of `size` entries.

    Raises ValueError for an index outside of it, TileLost.
    """
    return tile_store.compute_span_hashes(
        organisation_id, proof_spans.list_inclusion_spans(index, size)
    )


def build_consistency_proof(organisation_id: str, *, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` entries begins with the tree of `old` entries.

    Raises ValueError, TileLost.
    """
    return tile_store.compute_span_hashes(
        organisation_id, proof_spans.list_consistency_spans(old, new)
    )


def list_history(
    organisation_id: str, ref_id: str, *, kinds: str | None = None
) -> tuple[LoggedEvent, ...]:
    """Return the events that name the public id `ref_id`, oldest first, with their bodies.

    `kinds` is a prefix of the kind. Without it the history of a busy consent holds every decision.
    Waiting events are placed first, so this must not run inside a transaction.
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

"""The sequencer: gives waiting events their places in the tree, one transaction a batch, one organisation at a time.

Places come from the head row, never from a sequence, so there are no gaps; two sequencers wait for each other at that
row; a crash before commit leaves every event in the outbox, one after it only delays the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from core import tx
from provenance.ledger import checkpoints, entries, merkle, rows, store
from provenance.models import Checkpoint, Entry, EventRef, Head, Outbox

BATCH: Final = 1024


class HeadMoved(RuntimeError):
    """The head changed under our lock: the database does not keep its promises, so nothing is written."""


def settle(organisation_id: str, *, at: datetime) -> int:
    """Give every waiting event its place and publish a signed checkpoint; give how many events were placed.

    Idempotent; opens transactions of its own and refuses to run inside another (RuntimeError), because what is
    published must be committed. Raises checkpoints.AnchorMismatch when the database is older than what was published.
    """
    placed = place(organisation_id)
    checkpoints.publish(organisation_id, at=at)
    return placed


def place(organisation_id: str) -> int:
    """Give every waiting event its place, without signing; give how many there were. Not inside a transaction."""
    placed = 0
    while Outbox.objects.filter(organisation_id=organisation_id).exists():
        count = sequence(organisation_id)
        placed += count
        if count < BATCH:
            break
    return placed


def unsettled() -> tuple[str, ...]:
    """Organisations with waiting events, or with a head that no checkpoint covers."""
    waiting = set(Outbox.objects.values_list("organisation_id", flat=True).distinct())
    signed = Checkpoint.objects.filter(organisation_id=OuterRef("organisation_id"), size=OuterRef("size"))
    unsigned = Head.objects.filter(~Exists(signed), size__gt=0).values_list("organisation_id", flat=True)
    return tuple(sorted(waiting.union(unsigned)))


@transaction.atomic(durable=True)
def sequence(organisation_id: str, *, limit: int = BATCH) -> int:
    """Place the oldest waiting events, at most `limit`; give how many. One transaction, none around it.

    Raises HeadMoved, store.TileLost.
    """
    head = locked_head(organisation_id)
    waiting = list(Outbox.objects.filter(organisation_id=organisation_id).order_by("id")[:limit])
    if not waiting:
        return 0
    partial = store.fetch_edge(organisation_id, head.size)
    growth = merkle.append(head.size, [merkle.leaf_hash(bytes(row.payload)) for row in waiting], partial)
    _write_entries(head.size, waiting)
    store.grow(organisation_id, tiles=growth.tiles, partial=partial)
    _take_out(waiting)
    moved = Head.objects.filter(organisation_id=organisation_id, size=head.size, root=head.root)
    if moved.update(size=growth.size, root=growth.root) != 1:
        raise HeadMoved(f"the head of {organisation_id} moved under the lock")
    return len(waiting)


@tx.required
def locked_head(organisation_id: str) -> Head:
    """Lock the head row until commit; made at first use. SQLite has one writer anyway, from BEGIN IMMEDIATE on."""
    mine = Head.objects.select_for_update().filter(organisation_id=organisation_id)
    head = mine.first()
    if head is None:
        Head.objects.bulk_create(
            [
                Head(
                    organisation_id=organisation_id,
                    size=0,
                    root=merkle.EMPTY_ROOT,
                    origin=checkpoints.origin(organisation_id),
                )
            ],
            ignore_conflicts=True,
        )
        head = mine.get()
    return head


def _write_entries(size: int, waiting: Sequence[Outbox]) -> None:
    placed, refs = [], []
    for idx, row in enumerate(waiting, start=size):
        facts = entries.read(bytes(row.payload))
        placed.append(
            Entry(
                event_id=row.event_id,
                organisation_id=row.organisation_id,
                idx=idx,
                kind=facts.kind,
                livemode=facts.livemode,
                at_ms=facts.at_ms,
                payload=row.payload,
            )
        )
        named = sorted({ref for _, ref in facts.refs})
        refs += [EventRef(organisation_id=row.organisation_id, ref=ref, idx=idx) for ref in named]
    rows.insert(placed)
    rows.insert(refs)


def _take_out(waiting: Sequence[Outbox]) -> None:
    deleted, _ = Outbox.objects.filter(id__in=[row.id for row in waiting]).delete()
    if deleted != len(waiting):
        raise HeadMoved("an event left the outbox under the lock")

"""The sequencer: gives waiting events their places in the tree, one transaction a batch, one organisation at a time.

Places come from the head row, never from a sequence, so there are no gaps; two sequencers wait for each other at that
row; a crash before commit leaves every event in the outbox, one after it only delays the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from core import tx
from provenance.ledger import checkpoints, entries, merkle, rows, store
from provenance.models import Checkpoint, Entry, EventRef, Head, Outbox

BATCH: Final = 1024


class HeadMoved(RuntimeError):
    """The head changed under our lock: the database does not keep its promises, so nothing is written."""


class _Waiting(NamedTuple):
    """A row of the outbox."""

    id: int
    event_id: str
    payload: bytes
    speaker_id: str | None


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
    signed = Checkpoint.objects.filter(organisation_id=OuterRef("organisation_id"), size=OuterRef("size"))
    unsigned = Head.objects.filter(~Exists(signed), size__gt=0).values_list("organisation_id", flat=True)
    return tuple(sorted({*_with_waiting_events(), *unsigned}))


def _with_waiting_events() -> Iterator[str]:
    """One step in the index for each: a beat must not read a whole backlog, or what is left of it."""
    found = Outbox.objects.order_by("organisation_id").values_list("organisation_id", flat=True).first()
    while found is not None:
        yield found
        later = Outbox.objects.filter(organisation_id__gt=found).order_by("organisation_id")
        found = later.values_list("organisation_id", flat=True).first()


@transaction.atomic(durable=True)
def sequence(organisation_id: str, *, limit: int = BATCH) -> int:
    """Place the oldest waiting events, at most `limit`; give how many. One transaction, none around it.

    Raises HeadMoved, store.TileLost.
    """
    head = locked_head(organisation_id)
    waiting = _take_out(organisation_id, limit)
    if not waiting:
        return 0
    partial = store.fetch_edge(organisation_id, head.size)
    growth = merkle.append(head.size, [merkle.leaf_hash(event.payload) for event in waiting], partial)
    _write_entries(organisation_id, head.size, waiting)
    store.grow(organisation_id, tiles=growth.tiles, partial=partial)
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


def _take_out(organisation_id: str, limit: int) -> list[_Waiting]:
    """Delete the oldest waiting events and give them in their order; they are back if the transaction is not."""
    table = Outbox._meta.db_table  # noqa: SLF001 - Django's documented name
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"  # noqa: S608 - a table's name of our own
            " WHERE organisation_id = %s ORDER BY id LIMIT %s) RETURNING id, event_id, payload, speaker_id",
            [organisation_id, limit],
        )
        found = [_Waiting(row[0], row[1], bytes(row[2]), row[3]) for row in cursor.fetchall()]
        return sorted(found, key=lambda waiting: waiting.id)


def _write_entries(organisation_id: str, size: int, waiting: Sequence[_Waiting]) -> None:
    placed: list[rows.Values] = []
    refs: list[rows.Values] = []
    for idx, event in enumerate(waiting, start=size):
        facts = entries.read(event.payload)
        placed.append((event.event_id, organisation_id, idx, facts.kind, facts.livemode, facts.at_ms, event.payload))
        named = {ref for _, ref in facts.refs} | ({event.speaker_id} if event.speaker_id else set())
        refs += [(organisation_id, ref, idx) for ref in sorted(named)]
    rows.insert(Entry, rows.ENTRY, placed)
    rows.insert(EventRef, rows.EVENT_REF, refs)

"""Sequencer: moves waiting events from the outbox into the tree, for one organisation at a time.

`settle_log` does, in this order:

1. Lock the head row (`lock_head`). Two sequencers of one log wait for each other there.
2. Delete the oldest waiting events from the outbox, and number them from the head's size. Numbers
   come from the head row and not from a database sequence, so there are no gaps.
3. Write the entries and the tiles that grew.
4. Move the head from the old size and root to the new ones, and commit. A crash before this commit
   leaves every event in the outbox.
5. Publish a signed checkpoint after the commit. A crash in between only delays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from core import transactions
from transparency_log import checkpoints
from transparency_log.formats import log_entry, merkle
from transparency_log.models import Checkpoint, Entry, EventRef, Head, Outbox
from transparency_log.storage import bulk_insert, tile_store

BATCH: Final = 1024


class HeadMoved(RuntimeError):
    """The head changed under our lock. The database breaks its promise, so nothing is written."""


class _Waiting(NamedTuple):
    """A row of the outbox."""

    id: int
    event_id: str
    payload: bytes
    speaker_id: str | None


def settle_log(organisation_id: str, *, at: datetime) -> int:
    """Place all waiting events and publish a signed checkpoint. Return the number of events.

    Idempotent. Opens transactions of its own, because a published checkpoint must be of committed
    entries. Inside another transaction it raises RuntimeError.

    Raises AnchorMismatch if the database is older than what was published.
    """
    placed = place_waiting_events(organisation_id)
    checkpoints.publish_checkpoint(organisation_id, at=at)

    return placed


def place_waiting_events(organisation_id: str) -> int:
    """Place all waiting events without publishing. Return their number.

    Must not run inside a transaction.
    """
    placed = 0
    while Outbox.objects.filter(organisation_id=organisation_id).exists():
        count = sequence_batch(organisation_id)
        placed += count
        if count < BATCH:
            break

    return placed


def list_unsettled_logs() -> tuple[str, ...]:
    """Return the organisations with waiting events, or with a head that no checkpoint covers."""
    signed = Checkpoint.objects.filter(
        organisation_id=OuterRef("organisation_id"), size=OuterRef("size")
    )
    unsigned = Head.objects.filter(~Exists(signed), size__gt=0).values_list(
        "organisation_id", flat=True
    )

    return tuple(sorted({*_list_waiting_organisations(), *unsigned}))


def _list_waiting_organisations() -> Iterator[str]:
    # One step in the index for each organisation. A beat must not read a whole backlog.
    found = (
        Outbox.objects.order_by("organisation_id").values_list("organisation_id", flat=True).first()
    )

    while found is not None:
        yield found
        later = Outbox.objects.filter(organisation_id__gt=found).order_by("organisation_id")
        found = later.values_list("organisation_id", flat=True).first()


@transaction.atomic(durable=True)
def sequence_batch(organisation_id: str, *, limit: int = BATCH) -> int:
    """Place the oldest waiting events, at most `limit`. Return their number.

    This is one transaction, and must not run inside another.

    Raises HeadMoved, TileLost.
    """
    head = lock_head(organisation_id)
    waiting = _take_waiting_events(organisation_id, limit)
    if not waiting:
        return 0

    partial = tile_store.fetch_edge(organisation_id, head.size)
    growth = merkle.append(
        head.size, merkle.hash_leaves(event.payload for event in waiting), partial
    )

    _write_entries(organisation_id, head.size, waiting)
    tile_store.grow_tiles(organisation_id, tiles=growth.tiles, partial=partial)

    moved = Head.objects.filter(organisation_id=organisation_id, size=head.size, root=head.root)
    if moved.update(size=growth.size, root=growth.root) != 1:
        raise HeadMoved(f"the head of {organisation_id} moved under the lock")

    return len(waiting)


@transactions.requires_transaction
def lock_head(organisation_id: str) -> Head:
    """Lock the head row until commit. The first call makes the row.

    SQLite has one writer from BEGIN IMMEDIATE on, so its lock is already held.
    """
    mine = Head.objects.select_for_update().filter(organisation_id=organisation_id)
    head = mine.first()

    if head is None:
        Head.objects.bulk_create(
            [
                Head(
                    organisation_id=organisation_id,
                    size=0,
                    root=merkle.EMPTY_ROOT,
                    origin=checkpoints.build_origin(organisation_id),
                )
            ],
            ignore_conflicts=True,
        )
        head = mine.get()

    return head


def _take_waiting_events(organisation_id: str, limit: int) -> list[_Waiting]:
    """Delete the oldest waiting events and return them in their order.

    A rollback puts them back.
    """
    table = Outbox._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN "  # noqa: S608 - a table's name of our own
            f"(SELECT id FROM {table} WHERE organisation_id = %s ORDER BY id LIMIT %s) "
            "RETURNING id, event_id, payload, speaker_id",
            [organisation_id, limit],
        )
        return [_Waiting(*row) for row in sorted(cursor.fetchall())]


def _write_entries(organisation_id: str, size: int, waiting: Sequence[_Waiting]) -> None:
    placed: list[bulk_insert.Values] = []
    refs: list[bulk_insert.Values] = []

    for idx, (_, event_id, payload, speaker_id) in enumerate(waiting, start=size):
        facts = log_entry.read_entry(payload)
        kind = facts.kind
        placed.append((event_id, organisation_id, idx, kind, facts.livemode, facts.at_ms, payload))

        named = [ref for _, ref in facts.refs]
        if speaker_id:
            named.append(speaker_id)

        prefix = _find_prefix(facts)
        refs += [
            (organisation_id, ref, idx, ref.startswith(prefix)) for ref in dict.fromkeys(named)
        ]

    bulk_insert.insert_rows(Entry, bulk_insert.ENTRY, placed)
    bulk_insert.insert_rows(EventRef, bulk_insert.EVENT_REF, refs)


def _find_prefix(facts: log_entry.EntryFacts) -> str:
    """Return how the ids begin that a kind is about: `con_` for `consent.revoked`."""
    about = facts.kind.partition(".")[0]
    ref = next((ref for name, ref in facts.refs if name == about), "")
    return ref[: ref.find("_") + 1] or " "

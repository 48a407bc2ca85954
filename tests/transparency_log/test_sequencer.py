"""Places: contiguous, in order, for ever; one transaction a batch; every tile as the definition
says.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from core import ids
from tests.conftest import NOON
from tests.support import database_flush, reference_tree
from tests.transparency_log.conftest import Append
from transparency_log import sequencer, tasks
from transparency_log.formats import merkle
from transparency_log.models import Checkpoint, Entry, EventRef, Head, Outbox, Tile
from transparency_log.storage import tile_store

pytestmark = pytest.mark.django_db


def places(organisation_id: str) -> list[tuple[int, str]]:
    return list(
        Entry.objects.filter(organisation_id=organisation_id)
        .order_by("idx")
        .values_list("idx", "event_id")
    )


class TestSettle:
    def test_places_events_in_the_order_of_the_outbox(
        self, organisation_id: str, append: Append
    ) -> None:
        events = append(5)

        assert sequencer.settle_log(organisation_id, at=NOON) == 5
        assert places(organisation_id) == list(enumerate(events))
        assert not Outbox.objects.exists()

    def test_goes_on_where_it_ended(self, organisation_id: str, append: Append) -> None:
        first = append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        second = append(2)
        sequencer.settle_log(organisation_id, at=NOON)

        assert places(organisation_id) == list(enumerate([*first, *second]))

    def test_twice_changes_nothing(self, organisation_id: str, append: Append) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        before = list(Checkpoint.objects.values())

        assert sequencer.settle_log(organisation_id, at=NOON) == 0
        assert list(Checkpoint.objects.values()) == before

    def test_of_an_organisation_without_events_makes_nothing(self, organisation_id: str) -> None:
        assert sequencer.settle_log(organisation_id, at=NOON) == 0
        assert not Head.objects.exists()
        assert not Checkpoint.objects.exists()

    def test_keeps_organisations_apart(self, organisation_id: str, append: Append) -> None:
        neighbour = ids.new("org")
        append(2)
        append(3, organisation_id=neighbour)

        sequencer.settle_log(organisation_id, at=NOON)
        assert (Head.objects.get().size, Outbox.objects.count()) == (2, 3)
        sequencer.settle_log(neighbour, at=NOON)
        assert [idx for idx, _ in places(neighbour)] == [0, 1, 2]

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_inside_a_transaction(
        self, organisation_id: str, append: Append
    ) -> None:
        append(1)
        with pytest.raises(RuntimeError), transaction.atomic():
            sequencer.place_waiting_events(organisation_id)

        sequencer.settle_log(organisation_id, at=NOON)
        with pytest.raises(RuntimeError), transaction.atomic():
            sequencer.settle_log(organisation_id, at=NOON)

    def test_makes_the_tiles_of_the_definition(self, organisation_id: str, append: Append) -> None:
        append(300)
        for limit in (1, 2, 100, 155, 41, 1):
            sequencer.sequence_batch(organisation_id, limit=limit)

        payloads = Entry.objects.order_by("idx").values_list("payload", flat=True)
        leaves = [reference_tree.sha(b"\x00", bytes(payload)) for payload in payloads]
        head = Head.objects.get()
        assert (head.size, bytes(head.root)) == (300, reference_tree.mth(leaves))
        tiles = {(tile.level, tile.n): bytes(tile.data) for tile in Tile.objects.all()}
        assert tiles == {
            place: reference_tree.tile(*place, leaves) for place in ((0, 0), (0, 1), (1, 0))
        }

    def test_indexes_every_ref_once(self, organisation_id: str, append: Append) -> None:
        consent, clip = ids.new("con"), ids.new("clp")
        append(1, refs={"consent": consent, "previous": consent, "clip": clip})
        sequencer.settle_log(organisation_id, at=NOON)

        assert set(EventRef.objects.values_list("ref", "idx")) == {(consent, 0), (clip, 0)}

    def test_marks_the_ref_that_an_event_is_about(
        self, organisation_id: str, append: Append
    ) -> None:
        """L-F6: the history of a busy consent was looked for among all its clips."""
        consent, clip = ids.new("con"), ids.new("clp")
        append(1, kind="consent.revoked", refs={"consent": consent, "clip": clip})
        append(1, kind="clip.issued", refs={"consent": consent, "clip": clip})
        sequencer.settle_log(organisation_id, at=NOON)

        about = EventRef.objects.filter(about=True)
        assert set(about.values_list("ref", "idx")) == {(consent, 0), (clip, 1)}

    def test_places_nothing_on_a_tree_that_is_damaged(
        self, organisation_id: str, append: Append
    ) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        with database_flush.triggers_suspended():
            Tile.objects.update(data=bytes(4 * merkle.HASH))
        append(1)

        with pytest.raises(tile_store.TileLost):
            sequencer.settle_log(organisation_id, at=NOON)
        assert (Head.objects.get().size, Outbox.objects.count()) == (3, 1)


class TestUnsettled:
    def test_names_anyone_who_waits_or_has_no_checkpoint(
        self, organisation_id: str, append: Append
    ) -> None:
        waiting, placed = ids.new("org"), ids.new("org")
        for organisation in (organisation_id, waiting, placed):
            append(1, organisation_id=organisation)
        sequencer.settle_log(organisation_id, at=NOON)
        sequencer.place_waiting_events(placed)

        assert sequencer.list_unsettled_logs() == tuple(sorted((waiting, placed)))

    def test_is_emptied_by_the_task(self, append: Append) -> None:
        append(2)
        append(1, organisation_id=ids.new("org"))

        tasks.settle_all_logs(some_later_argument=1)
        assert sequencer.list_unsettled_logs() == ()
        assert Checkpoint.objects.count() == 2

"""Making exports: claimed once, from one consistent read, at constant memory; nothing of erased
people in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import Organisation
from core import ids, leases, read_snapshot
from core.errors import NotFound
from provenance.exports import (
    bundle_snapshot,
    bundle_writer,
    export_requests,
    export_sources,
    tables,
    worker,
)
from provenance.exports.export_sources import ExportScope, Row
from provenance.models import Export, ExportState
from tests.conftest import NOON
from tests.support import export_scenario
from tests.support.export_scenario import Story
from transparency_log import events, sequencer
from transparency_log.models import Entry
from vault import blobs, storage, subject_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def noon() -> datetime:
    return NOON


def state_of(export: Export) -> str:
    return Export.objects.get(id=export.id).state


def stored() -> int:
    return len(list(storage.get_storage().names()))


class TestRequest:
    def test_waits_until_a_worker_takes_it(self, told: Story) -> None:
        assert state_of(export_scenario.request(told.organisation)) == ExportState.QUEUED

    def test_is_in_the_log_like_the_bundle_itself(self, told: Story) -> None:
        export = export_scenario.export(told.organisation)

        sequencer.settle_log(told.organisation.id, at=NOON)
        kinds = Entry.objects.order_by("idx").values_list("kind", flat=True)
        assert list(kinds)[-2:] == ["export.requested", "export.ready"]
        assert export.log_size == len(kinds) - 1

    def test_refuses_a_stranger_s_speaker(self, told: Story, bolt: Organisation) -> None:
        with pytest.raises(NotFound):
            export_scenario.request(bolt, "speaker", speaker_id=told.speaker.id)


class TestClaim:
    def test_is_won_by_one(self, told: Story) -> None:
        export_scenario.request(told.organisation)

        assert worker.claim_export(at=NOON) is not None
        assert worker.claim_export(at=NOON) is None

    @pytest.mark.parametrize(
        ("after", "taken"), [(timedelta(0), True), (-timedelta(microseconds=1), False)]
    )
    def test_ends_with_its_lease(self, told: Story, after: timedelta, taken: bool) -> None:
        export_scenario.request(told.organisation)
        worker.claim_export(at=NOON)

        assert (worker.claim_export(at=NOON + leases.LEASE + after) is not None) is taken

    def test_is_given_up_after_some_attempts(self, told: Story) -> None:
        export = export_scenario.request(told.organisation)
        for attempt in range(worker.MOST_ATTEMPTS + 1):
            worker.claim_export(at=NOON + attempt * leases.LEASE)

        export.refresh_from_db()
        assert (export.state, export.code) == (ExportState.FAILED, "export_failed")

    def test_that_was_lost_settles_nothing_and_leaves_no_file(
        self, told: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export, before = export_scenario.request(told.organisation), stored()

        def taken_meanwhile(
            row: Export, *, now: Callable[[], datetime]
        ) -> bundle_snapshot.WrittenBundle:
            written = write(row, now=now)
            Export.objects.filter(id=export.id).update(attempt=17)
            return written

        write = bundle_snapshot.write_bundle
        monkeypatch.setattr(bundle_snapshot, "write_bundle", taken_meanwhile)
        worker.make_pending_exports(now=noon)

        assert (state_of(export), stored()) == (ExportState.RUNNING, before)

    def test_that_met_something_unforeseen_is_tried_again_soon(
        self, told: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And not only when its lease of minutes is over."""
        export, before = export_scenario.request(told.organisation), stored()

        def broken(*_args: object, **_options: object) -> Iterator[bytes]:
            raise RuntimeError("nobody thought of this")

        with monkeypatch.context() as patched:
            patched.setattr(bundle_writer, "write_zip", broken)
            worker.make_pending_exports(now=noon)
        assert (state_of(export), stored()) == (ExportState.RUNNING, before)
        assert "nobody thought of this" in caplog.text

        worker.make_pending_exports(now=lambda: NOON + timedelta(seconds=30))
        assert state_of(export) == ExportState.READY


class TestExpire:
    @pytest.mark.parametrize(
        ("after", "state"),
        [(timedelta(0), ExportState.EXPIRED), (-timedelta(microseconds=1), ExportState.READY)],
    )
    def test_deletes_the_bytes_after_seven_days(
        self, told: Story, after: timedelta, state: str
    ) -> None:
        export = export_scenario.export(told.organisation)

        worker.expire_exports(at=NOON + timedelta(days=7) + after)

        assert state_of(export) == state
        assert (Export.objects.get(id=export.id).blob_id == "") is (state == ExportState.EXPIRED)

    def test_goes_by_the_test_clock_for_test_data(self, told: Story) -> None:
        export = export_scenario.export(told.organisation)
        Organisation.objects.update(test_clock_ms=8 * 86_400_000)

        worker.expire_exports(at=NOON)

        assert state_of(export) == ExportState.EXPIRED

    def test_makes_the_bytes_unreadable(self, told: Story) -> None:
        export = export_scenario.export(told.organisation)
        worker.expire_exports(at=NOON + timedelta(days=8))

        with pytest.raises(export_requests.ExportNotReady):
            export_requests.read_bundle(Export.objects.get(id=export.id))


class TestForget:
    def test_deletes_every_stored_bundle_of_the_organisation(
        self, told: Story, bolt: Organisation
    ) -> None:
        mine, others = export_scenario.export(told.organisation), export_scenario.export(bolt)
        with transaction.atomic():
            assert (
                export_requests.erase_bundles_of_organisation(
                    told.organisation.id, livemode=False, at=NOON
                )
                == 1
            )

        assert (state_of(mine), state_of(others)) == (ExportState.EXPIRED, ExportState.READY)
        with pytest.raises(NotFound):
            blobs.get_blob(mine.blob_id)

    def test_stops_a_bundle_that_was_read_before_someone_s_erasure(
        self, told: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The export was asked for after the bundles were erased and read before the erasure
        committed.
        """
        export, write = export_scenario.request(told.organisation), bundle_snapshot.write_bundle

        def erased_meanwhile(
            row: Export, *, now: Callable[[], datetime]
        ) -> bundle_snapshot.WrittenBundle:
            written = write(row, now=now)
            if subject_keys.is_alive(told.speaker.subject):
                with transaction.atomic():
                    subject_keys.destroy_key(told.speaker.subject, at=NOON)
            return written

        monkeypatch.setattr(bundle_snapshot, "write_bundle", erased_meanwhile)
        worker.make_pending_exports(now=noon)

        export.refresh_from_db()
        files = export_scenario.members(b"".join(export_requests.read_bundle(export)))
        assert (
            export.attempt,
            export.begun_anew,
            len(export_scenario.rows(files, "openings.jsonl")),
        ) == (
            2,
            1,
            1,
        )

    def test_is_part_of_the_erasure_s_transaction(self, told: Story) -> None:
        with pytest.raises(RuntimeError):
            export_requests.erase_bundles_of_organisation(
                told.organisation.id, livemode=False, at=NOON
            )


class TestErased:
    def test_entries_stay_provable_and_closed(self, told: Story, tmp_path: object) -> None:
        with transaction.atomic():
            events.erase_bodies_of_subject(told.speaker.subject)
            subject_keys.destroy_key(told.speaker.subject, at=NOON)

        files = export_scenario.members(export_scenario.bundle(told.organisation))
        counts = json.loads(files["manifest.json"])["counts"]
        assert (counts["entries"], counts["openings"]) == (10, 1)


class TestConsistentRead:
    def test_sees_one_state_whatever_others_write(self, told: Story) -> None:
        def write() -> None:
            Organisation.objects.filter(id=told.organisation.id).update(name="Renamed")
            connections.close_all()

        with read_snapshot.begin_consistent_read():
            before = Organisation.objects.get(id=told.organisation.id).name
            writer = Thread(target=write)
            writer.start()
            writer.join(10)
            assert not writer.is_alive(), "a reader must not hold up a writer"
            during = Organisation.objects.get(id=told.organisation.id).name

        assert (before, during) == ("Acme", "Acme")
        assert Organisation.objects.get(id=told.organisation.id).name == "Renamed"

    def test_refuses_to_begin_inside_a_transaction(self) -> None:
        with (
            transaction.atomic(),
            pytest.raises(RuntimeError),
            read_snapshot.begin_consistent_read(),
        ):
            pass

    def test_leaves_the_connection_as_it_was(self) -> None:
        before = getattr(connection, "transaction_mode", None)
        with read_snapshot.begin_consistent_read():
            pass

        assert getattr(connection, "transaction_mode", None) == before


class TestRows:
    COLUMNS = ("id", "note")

    def table(
        self, *rows: Row, logged: tuple[str, ...] = ("consent.requested",)
    ) -> export_sources.ExportTable:
        def source(scope: ExportScope) -> Iterator[Row]:
            yield from rows

        return export_sources.ExportTable(
            name="toys", source=source, columns=self.COLUMNS, logged=logged, sliced=False
        )

    def scope(self, told: Story) -> ExportScope:
        return ExportScope(organisation_id=told.organisation.id, livemode=False, kind="audit")

    def test_that_the_log_does_not_know_stay_without_a_place(self, told: Story) -> None:
        strange = {"id": ids.new("con"), "note": ""}

        assert [
            row["log_index"]
            for row in tables.read_rows(self.table(strange), self.scope(told), size=10)
        ] == [None]

    def test_whose_event_still_waits_are_left_to_the_next_bundle(self, told: Story) -> None:
        row = {"id": told.consent.id, "note": ""}

        assert list(tables.read_rows(self.table(row), self.scope(told), size=10)) == []

    def test_beyond_the_checkpoint_are_left_to_the_next_bundle(self, told: Story) -> None:
        sequencer.settle_log(told.organisation.id, at=NOON)
        row = {"id": told.consent.id, "note": ""}

        assert list(tables.read_rows(self.table(row), self.scope(told), size=1)) == []
        assert len(list(tables.read_rows(self.table(row), self.scope(told), size=10))) == 1

    def test_with_other_columns_than_promised_stop_the_export(self, told: Story) -> None:
        with pytest.raises(ValueError, match="columns"):
            list(tables.read_rows(self.table({"id": "x"}, logged=()), self.scope(told), size=10))


class TestDatabase:
    @pytest.mark.parametrize(
        "changes",
        [
            {"state": "lost"},
            {"kind": "everything"},
            {"speaker_id": "spk_x"},
            {"kind": "speaker"},
            {"from_at": NOON, "to_at": NOON},
            {"state": "running"},
            {"lease_until": NOON},
            {"blob_id": "ent_x"},
            {"state": "ready", "finished_at": NOON},
            {"state": "failed", "finished_at": NOON},
            {"finished_at": NOON},
        ],
    )
    def test_refuses_rows_that_make_no_sense(
        self, acme: Organisation, changes: dict[str, object]
    ) -> None:
        row = {
            "id": ids.new("exp"),
            "organisation": acme,
            "livemode": False,
            "kind": "audit",
            "actor": "key:test",
        }

        with pytest.raises(IntegrityError), transaction.atomic():
            Export.objects.create(**{**row, "created_at": NOON, **changes})

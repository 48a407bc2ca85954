"""Erasures beside an export: no one erased is in the bundle, and however many there are, it comes
to its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.models import Organisation
from consent import speaker_erasure as consents
from provenance.clips import clip_erasure
from provenance.exports import bundle_writer, export_requests, heartbeat, worker
from provenance.models import Export, ExportState
from tests.conftest import NOON
from tests.support import export_scenario
from tests.support.export_scenario import Story
from transparency_log import events
from transparency_log.models import Body, Entry
from vault import blobs, subject_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

Erase = Callable[[str], None]


def people(organisation: Organisation, count: int) -> list[str]:
    """Vault subjects, each with an event under their own key."""
    found = [
        subject_keys.create_subject(kind="person", organisation_id=organisation.id, at=NOON)
        for _ in range(count)
    ]
    with transaction.atomic():
        for subject in found:
            events.append_event(
                organisation_id=organisation.id, livemode=False, kind="admin.action", at=NOON,
                actor="key:k", subject=subject, refs={}, body={},
            )  # fmt: skip
    return found


@pytest.fixture
def erase(told: Story) -> Erase:
    """Erases someone as the erasure's last transaction does, beside anyone who reads."""

    def act(subject: str) -> None:
        with transaction.atomic():
            if subject == told.speaker.subject:
                consents.freeze_speaker(told.speaker.id, reason="requested", actor="key:k", at=NOON)
                consents.erase_speaker(told.speaker.id, at=NOON)
            clip_erasure.erase_clips_of_subject(subject)
            events.erase_bodies_of_subject(subject)
            blobs.erase_blobs_of_subject(subject)
            export_requests.erase_bundles_of_organisation(
                told.organisation.id, livemode=False, at=NOON
            )
            subject_keys.destroy_key(subject, at=NOON)
        connections.close_all()

    def erasing(subject: str) -> None:
        thread = Thread(target=act, args=[subject])
        thread.start()
        thread.join(30)
        assert not thread.is_alive()

    return erasing


@pytest.fixture
def between_chunks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen after every chunk of a bundle."""

    def arrange(happen: Callable[[], None]) -> None:
        def write(*given: Any, **options: Any) -> Iterator[bytes]:
            for chunk in whole(*given, **options):
                yield chunk
                happen()

        whole = bundle_writer.write_zip
        monkeypatch.setattr(bundle_writer, "write_zip", write)

    return arrange


def made(export: Export) -> Export:
    worker.make_pending_exports(now=lambda: NOON)
    export.refresh_from_db()
    assert export.state == ExportState.READY, export.code
    return export


def openings_of(export: Export) -> set[str]:
    files = export_scenario.members(b"".join(export_requests.read_bundle(export)))
    return {row["id"] for row in export_scenario.rows(files, "openings.jsonl")}


class TestAnExport:
    def test_outlives_an_erasure_between_all_its_chunks(
        self,
        told: Story,
        erase: Erase,
        between_chunks: Callable[[Callable[[], None]], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(heartbeat, "_EVERY", 0.0)
        # Enough to begin anew more often than an export may fail, which is asked for below.
        doomed, staying = people(told.organisation, 20), people(told.organisation, 3)
        between_chunks(lambda: erase(doomed.pop()) if doomed else None)

        export = made(export_scenario.request(told.organisation))

        assert doomed == []
        assert export.begun_anew > worker.MOST_ATTEMPTS
        payloads = Entry.objects.filter(livemode=False, idx__lt=export.log_size).values_list(
            "payload", flat=True
        )
        logged = [json.loads(bytes(payload)) for payload in payloads]
        # The bodies of the erased are gone, and their owners with them.
        owners = dict(Body.objects.values_list("event_id", "subject"))
        assert set(owners.values()) > set(staying)
        assert openings_of(export) == {
            entry["id"]
            for entry in logged
            if entry["id"] in owners and subject_keys.is_alive(owners[entry["id"]])
        }

    def test_is_not_begun_again_for_someone_who_is_not_in_it(
        self, told: Story, erase: Erase, between_chunks: Callable[[Callable[[], None]], None]
    ) -> None:
        doomed = people(told.organisation, 10)
        between_chunks(lambda: erase(doomed.pop()) if doomed else None)
        later = NOON + timedelta(days=1)

        export = made(
            export_scenario.request(told.organisation, start=later, end=later + timedelta(days=1))
        )

        assert len(doomed) < 10
        assert (export.attempt, export.begun_anew) == (1, 0)

    def test_notices_within_a_beat(self, told: Story, erase: Erase) -> None:
        (doomed, other) = people(told.organisation, 2)
        export, opened = export_scenario.request(told.organisation), {doomed}
        worker.claim_export(at=NOON)
        export.refresh_from_db()
        with heartbeat.start_heartbeat(export, opened=opened, now=lambda: NOON) as beating:
            erase(other)
            beating.beat()
            erase(doomed)
            with pytest.raises(heartbeat.ErasedMeanwhile):
                beating.beat()

    def test_of_someone_whose_files_go_meanwhile_is_begun_again_and_does_not_fail(
        self, told: Story, erase: Erase, between_chunks: Callable[[Callable[[], None]], None]
    ) -> None:
        doomed = [told.speaker.subject]
        between_chunks(lambda: erase(doomed.pop()) if doomed else None)

        export = made(
            export_scenario.request(told.organisation, "speaker", speaker_id=told.speaker.id)
        )

        assert (export.attempt, export.begun_anew) == (2, 1)
        # What the organisation asked for is its own event, and is under its own key.
        opened = Entry.objects.filter(event_id__in=openings_of(export))
        assert set(opened.values_list("kind", flat=True)) <= {"export.requested"}

    def test_that_fails_by_itself_counts_as_failed(self, told: Story) -> None:
        blobs.erase_blobs_of_subject(told.speaker.subject)
        export = export_scenario.request(told.organisation, "speaker", speaker_id=told.speaker.id)

        worker.make_pending_exports(now=lambda: NOON)

        export.refresh_from_db()
        assert (export.state, export.attempt, export.begun_anew) == (ExportState.RUNNING, 1, 0)

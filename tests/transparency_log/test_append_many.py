"""Many events in one call: the same rows as one by one, in order, all or none, with every key
opened once.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from core import background_tasks, canonical_json, ids
from core.errors import Malformed
from tests.conftest import NOON
from transparency_log import events, fsck, log_reader, sequencer
from transparency_log.formats import log_entry
from transparency_log.models import Body, Entry, EventRef, Outbox
from transparency_log.storage import bulk_insert
from vault import subject_keys

pytestmark = pytest.mark.django_db


def happenings(
    organisation_id: str, count: int, *, subject: str | None = None
) -> list[events.LogEvent]:
    one = events.LogEvent(
        organisation_id=organisation_id, livemode=True, kind="clip.withdrawn", at=NOON,
        actor="key:k", subject=subject, refs={"clip": ids.new("clp")}, body={},
    )  # fmt: skip
    return [replace(one, body={"number": number}) for number in range(count)]


class TestAppendMany:
    @pytest.mark.parametrize("count", [1, bulk_insert.FEW - 1, bulk_insert.FEW, 300])
    def test_writes_what_many_appends_would_write(self, organisation_id: str, count: int) -> None:
        given = events.append_events(happenings(organisation_id, count))
        sequencer.settle_log(organisation_id, at=NOON)

        found = list(log_reader.walk_events(organisation_id))
        assert [event.event_id for event in found] == list(given)
        assert [event.body for event in found] == [
            {"number": n, "actor": "key:k"} for n in range(count)
        ]
        assert fsck.verify_log(organisation_id).good

    def test_commits_under_each_one_s_own_key(self, organisation_id: str) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        both = [*happenings(organisation_id, 10, subject=person), *happenings(organisation_id, 10)]
        events.append_events(both)
        sequencer.settle_log(organisation_id, at=NOON)

        openings = list(log_reader.walk_openings(organisation_id))
        assert len({opening.key for opening in openings}) == 20
        assert Body.objects.filter(subject=person).count() == 10
        for event, opening in zip(log_reader.walk_events(organisation_id), openings, strict=True):
            assert log_entry.matches_commitment(event.payload, key=opening.key, body=opening.body)

    def test_opens_a_key_once_and_inserts_twice(self, organisation_id: str) -> None:
        events.append_events(happenings(organisation_id, 1))

        with CaptureQueriesContext(connection) as captured:
            events.append_events(happenings(organisation_id, 100))
        assert len(captured) <= 3

    def test_seals_the_very_bytes_that_were_committed_to(self, organisation_id: str) -> None:
        body: dict[str, canonical_json.Json] = {
            "zulu": "u\u0308ber \U0001f600",
            "alpha": ["\u00fc", None, True, -1],
            "\ue000": 1,
            "\U0001f600": 2,
        }
        events.append_events([replace(happenings(organisation_id, 1)[0], body=body)])
        sequencer.settle_log(organisation_id, at=NOON)

        (opening,) = log_reader.walk_openings(organisation_id)
        assert opening.body["zulu"] == "\u00fcber \U0001f600"
        assert (
            canonical_json.dump(opening.body)
            == json.dumps(opening.body, ensure_ascii=False, separators=(",", ":")).encode()
        )
        assert fsck.verify_log(organisation_id).good

    def test_takes_no_body_that_readers_would_refuse(self, organisation_id: str) -> None:
        deep: canonical_json.Json = 1
        for _ in range(canonical_json.DEEPEST):
            deep = [deep]

        with pytest.raises(Malformed):
            events.append_events([replace(happenings(organisation_id, 1)[0], body={"deep": deep})])

    @pytest.mark.parametrize(
        "bad", [{"kind": "clip.vanished"}, {"refs": {"x": "Maria"}}, {"body": {"n": 0.5}}]
    )
    def test_writes_nothing_when_one_of_them_is_refused(
        self, organisation_id: str, bad: dict[str, object]
    ) -> None:
        many = happenings(organisation_id, 20)
        # Each is right for its field, or wrong on purpose.
        many[19] = replace(many[19], **bad)  # type: ignore[arg-type]

        with pytest.raises(ValueError, match=r"."):
            events.append_events(many)
        assert (Outbox.objects.count(), Body.objects.count()) == (0, 0)

    def test_writes_nothing_when_one_of_their_subjects_was_erased(
        self, organisation_id: str
    ) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        subject_keys.destroy_key(person, at=NOON)

        with pytest.raises(subject_keys.KeyDestroyed):
            events.append_events(
                [*happenings(organisation_id, 9), *happenings(organisation_id, 1, subject=person)]
            )
        assert not Outbox.objects.exists()

    def test_of_nothing_writes_nothing(self) -> None:
        assert events.append_events(()) == ()

    def test_wakes_each_organisation_once(
        self,
        organisation_id: str,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        woken: list[str] = []
        monkeypatch.setattr(
            background_tasks, "send_task", lambda _, ids: woken.append(ids["organisation_id"])
        )
        other = ids.new("org")
        with django_capture_on_commit_callbacks(execute=True):
            events.append_events([*happenings(organisation_id, 9), *happenings(other, 9)])

        assert sorted(woken) == sorted([organisation_id, other])


class TestInsert:
    @pytest.mark.postgres
    def test_pays_for_no_index_that_no_one_asks(self) -> None:
        tables = [table._meta.db_table for table in (Outbox, Body, Entry, EventRef)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = ANY(%s)", [tables])
            definitions = [definition for (definition,) in cursor.fetchall()]

        # The tenth finds what an event is about, for the history of a busy consent.
        assert len(definitions) == 10
        assert not [definition for definition in definitions if "pattern_ops" in definition]

    @pytest.mark.parametrize("count", [1, bulk_insert.FEW])
    def test_refuses_what_a_constraint_refuses(self, organisation_id: str, count: int) -> None:
        event_id = ids.new("evt")
        twice = [(organisation_id, event_id, b"x", None)] * (count + 1)

        with pytest.raises(IntegrityError), transaction.atomic():
            bulk_insert.insert_rows(Outbox, bulk_insert.OUTBOX, twice)
        assert not Outbox.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_outside_a_transaction(self) -> None:
        with pytest.raises(RuntimeError, match="inside a transaction"):
            bulk_insert.insert_rows(Outbox, bulk_insert.OUTBOX, [("org", "evt", b"x")])

"""Writing: with the business transaction or not at all, and nothing about a person in the open."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from core import background_tasks, ids
from tests.conftest import NOON
from tests.transparency_log.conftest import Append
from transparency_log import events, log_reader, sequencer, tasks
from transparency_log.formats import log_entry
from transparency_log.models import Body, Entry, Outbox
from vault import subject_keys

pytestmark = pytest.mark.django_db


def event(organisation_id: str, **changes: Any) -> str:
    given = {
        "organisation_id": organisation_id, "livemode": True, "kind": "consent.revoked", "at": NOON,
        "actor": "key:k", "subject": None, "refs": {}, "body": {},
    }  # fmt: skip
    return events.append_event(**{**given, **changes})


class TestAppend:
    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_outside_a_transaction(self, organisation_id: str) -> None:
        with pytest.raises(RuntimeError, match="must run inside a transaction"):
            event(organisation_id)

    @pytest.mark.django_db(transaction=True)
    def test_leaves_nothing_when_the_business_rolls_back(self, organisation_id: str) -> None:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            event(organisation_id)
            raise ZeroDivisionError

        assert sequencer.settle_log(organisation_id, at=NOON) == 0
        assert (Outbox.objects.count(), Body.objects.count(), Entry.objects.count()) == (0, 0, 0)

    def test_says_nothing_of_the_body_in_the_open(self, organisation_id: str) -> None:
        event(organisation_id, body={"code": "withdrawn_by_speaker"}, actor="key:key_secret")

        payload, sealed = bytes(Outbox.objects.get().payload), bytes(Body.objects.get().sealed)
        assert b"withdrawn" not in payload + sealed
        assert b"key_secret" not in payload + sealed

    def test_says_in_the_body_alone_whom_it_is_about_and_finds_it_by_them(
        self, organisation_id: str
    ) -> None:
        speaker = ids.new("spk")
        mine = event(organisation_id, speaker=speaker)
        event(organisation_id, speaker=ids.new("spk"))
        sequencer.settle_log(organisation_id, at=NOON)

        (found,) = log_reader.walk_events(organisation_id, ref=speaker)
        assert (found.event_id, found.body) == (mine, {"actor": "key:k", "speaker": speaker})
        assert speaker.encode() not in found.payload

    def test_gives_strangers_nothing_by_which_they_link_one_persons_events(
        self, organisation_id: str
    ) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        speaker = ids.new("spk")
        for _ in range(3):
            event(
                organisation_id, subject=person, speaker=speaker, refs={"consent": ids.new("con")}
            )
        sequencer.settle_log(organisation_id, at=NOON)

        seen = [json.loads(found.payload) for found in log_reader.walk_events(organisation_id)]
        same = [name for name in seen[0] if len({str(entry[name]) for entry in seen}) < len(seen)]
        assert sorted(same) == ["org", "t", "ts", "v"]
        assert not {person, speaker} & {word for entry in seen for word in str(entry).split("'")}

    def test_lets_an_erasure_say_which_entries_it_closed(self, organisation_id: str) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        mine, other = event(organisation_id, subject=person), event(organisation_id)
        sequencer.settle_log(organisation_id, at=NOON)

        kids = base64.b64decode(events.derive_kids_key(person))
        said = {
            found.event_id: json.loads(found.payload)["kid"]
            for found in log_reader.walk_events(organisation_id)
        }
        assert said[mine] == log_entry.compute_kid(kids, mine)
        assert said[other] != log_entry.compute_kid(kids, other)

    def test_keeps_of_a_keyed_text_its_hash_alone(self, organisation_id: str) -> None:
        event(organisation_id, keyed={"script": "The lamps were lit."})
        sequencer.settle_log(organisation_id, at=NOON)

        (opened,) = log_reader.walk_openings(organisation_id)
        assert opened.body["script"] == log_entry.compute_keyed_hash(
            opened.key, "script", "The lamps were lit."
        )
        assert "lamps" not in str(opened.body)

    def test_refuses_a_keyed_text_that_the_body_names_too(self, organisation_id: str) -> None:
        with pytest.raises(ValueError, match="not part of the body"):
            event(organisation_id, body={"script": "mine"}, keyed={"script": "yours"})

    def test_adds_the_actor_to_the_body(self, organisation_id: str) -> None:
        event(organisation_id, body={"code": "withdrawn"}, actor="key:key_1")
        sequencer.settle_log(organisation_id, at=NOON)

        assert [found.body for found in log_reader.walk_events(organisation_id)] == [
            {"code": "withdrawn", "actor": "key:key_1"}
        ]

    def test_keeps_the_body_in_the_form_that_was_committed_to(self, organisation_id: str) -> None:
        event(organisation_id, body={"place": "Zu\u0308rich"})
        sequencer.settle_log(organisation_id, at=NOON)

        body = next(log_reader.walk_events(organisation_id)).body
        assert body is not None
        assert body["place"] == "Z\u00fcrich"

    def test_commits_under_the_named_subject_or_the_organisation(
        self, organisation_id: str
    ) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        event(organisation_id, subject=person)
        event(organisation_id)

        own = subject_keys.get_organisation_subject(organisation_id, at=NOON)
        assert set(Body.objects.values_list("subject", flat=True)) == {person, own}

    def test_refuses_a_subject_that_was_erased(self, organisation_id: str) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        subject_keys.destroy_key(person, at=NOON)

        with pytest.raises(subject_keys.KeyDestroyed):
            event(organisation_id, subject=person)

    @pytest.mark.parametrize(
        "changes",
        [
            {"kind": "consent.revokd"},
            {"speaker": "Maria"},
            {"body": {"speaker": "spk"}},
            {"by": "Maria"},
            {"refs": {"speaker": "Maria"}},
            {"body": {"score": 0.5}},
            {"body": {"actor": "somebody else"}},
            {"body": {"big": 2**60}},
        ],
    )
    def test_refuses_what_could_not_be_checked_for_ever(
        self, organisation_id: str, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(ValueError):
            event(organisation_id, **changes)
        assert not Outbox.objects.exists()

    def test_is_two_inserts_and_little_else(self, organisation_id: str) -> None:
        event(organisation_id)

        with CaptureQueriesContext(connection) as captured:
            event(organisation_id)
        inserts = [query for query in captured if query["sql"].startswith("INSERT")]
        assert (len(inserts), len(captured)) == (2, 3)


class TestWaking:
    def test_happens_on_commit_and_sequences_the_event(
        self,
        organisation_id: str,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        woken: list[str] = []
        monkeypatch.setattr(
            background_tasks, "send_task", lambda _, ids: woken.append(ids["organisation_id"])
        )
        with django_capture_on_commit_callbacks(execute=True):
            event(organisation_id)
            assert woken == []

        assert woken == [organisation_id]

    @pytest.mark.django_db(transaction=True)
    def test_that_fails_does_not_undo_or_spoil_the_business(
        self, organisation_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object) -> None:
            raise ConnectionError("the broker is away")

        monkeypatch.setattr(background_tasks, "send_task", away)
        with transaction.atomic():
            event(organisation_id)

        tasks.settle_all_logs()
        assert Entry.objects.filter(organisation_id=organisation_id).count() == 1


class TestForget:
    def test_deletes_the_subject_s_bodies_and_no_entry(
        self, organisation_id: str, append: Append
    ) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        append(2, subject=person)
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        subject_keys.destroy_key(person, at=NOON)

        assert events.erase_bodies_of_subject(person) == 2
        assert [found.body is None for found in log_reader.walk_events(organisation_id)] == [
            True,
            True,
            False,
        ]

    def test_of_no_one_deletes_nothing(self) -> None:
        assert events.erase_bodies_of_subject(ids.new("sub")) == 0

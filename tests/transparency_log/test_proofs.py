"""Proofs and histories: what an outsider can check, and what an insider can still read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import ids
from core.errors import NotFound
from tests.conftest import NOON
from tests.support import reference_tree
from tests.transparency_log.conftest import Append
from transparency_log import events as log
from transparency_log import log_reader, proofs, public_log, sequencer
from transparency_log.formats import log_entry
from transparency_log.models import Checkpoint, Entry
from vault import subject_keys

pytestmark = pytest.mark.django_db


def leaf(event_id: str) -> bytes:
    return bytes(Entry.objects.get(event_id=event_id).payload)


class TestTlogProof:
    def test_of_every_entry_convinces_another_verifier(
        self, organisation_id: str, append: Append
    ) -> None:
        events = append(9)

        for event_id in events:
            proof = proofs.build_tlog_proof(event_id, at=NOON)
            reference_tree.check_proof_file(
                proof, leaf(event_id), public_log.get_verifier_keys(organisation_id)
            )

    def test_convinces_no_one_of_another_entry(self, organisation_id: str, append: Append) -> None:
        first, second = append(2)
        proof, vkey = (
            proofs.build_tlog_proof(first, at=NOON),
            public_log.get_verifier_keys(organisation_id),
        )

        assert not reference_tree.refuses(
            lambda: reference_tree.check_proof_file(proof, leaf(first), vkey)
        )
        assert reference_tree.refuses(
            lambda: reference_tree.check_proof_file(proof, leaf(second), vkey)
        )
        assert reference_tree.refuses(
            lambda: reference_tree.check_proof_file(proof, leaf(first) + b" ", vkey)
        )

    def test_settles_first_when_the_event_still_waits(self, append: Append) -> None:
        (event_id,) = append(1)
        assert proofs.get_event_index(event_id) is None

        assert proofs.build_tlog_proof(event_id, at=NOON).startswith(
            "c2sp.org/tlog-proof@v1\nindex 0\n"
        )
        assert proofs.get_event_index(event_id) == 0

    def test_publishes_first_when_the_event_has_a_place_but_no_checkpoint(
        self, organisation_id: str, append: Append
    ) -> None:
        (event_id,) = append(1)
        sequencer.place_waiting_events(organisation_id)

        proofs.build_tlog_proof(event_id, at=NOON)
        assert Checkpoint.objects.get().size == 1

    def test_of_an_unknown_event_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            proofs.build_tlog_proof(ids.new("evt"), at=NOON)

    def test_still_convinces_after_erasure(self, organisation_id: str, append: Append) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        (event_id,) = append(1, subject=person)
        subject_keys.destroy_key(person, at=NOON)
        log.erase_bodies_of_subject(person)

        proof = proofs.build_tlog_proof(event_id, at=NOON)
        reference_tree.check_proof_file(
            proof, leaf(event_id), public_log.get_verifier_keys(organisation_id)
        )


class TestConsistency:
    def test_leads_from_every_checkpoint_to_the_newest(
        self, organisation_id: str, append: Append
    ) -> None:
        for _ in range(5):
            append(2)
            sequencer.settle_log(organisation_id, at=NOON)

        payloads = Entry.objects.order_by("idx").values_list("payload", flat=True)
        leaves = [reference_tree.sha(b"\x00", bytes(payload)) for payload in payloads]
        for old in (2, 4, 6, 8, 10):
            assert list(
                proofs.build_consistency_proof(organisation_id, old=old, new=10)
            ) == reference_tree.proof(old, leaves)


class TestHistory:
    def test_holds_the_events_that_name_the_id_in_order(
        self, organisation_id: str, append: Append
    ) -> None:
        consent, other = ids.new("con"), ids.new("con")
        append(1, kind="consent.requested", refs={"consent": consent}, body={"step": 1})
        append(1, refs={"consent": other})
        append(1, kind="consent.revoked", refs={"consent": consent}, body={"step": 2})

        found = proofs.list_history(organisation_id, consent)
        assert [(event.index, event.kind) for event in found] == [
            (0, "consent.requested"),
            (2, "consent.revoked"),
        ]
        assert [event.body for event in found] == [
            {"step": n, "actor": "key:key_test"} for n in (1, 2)
        ]
        assert (found[0].at, found[0].refs) == (NOON, {"consent": consent})

    def test_of_a_neighbour_is_empty(self, organisation_id: str, append: Append) -> None:
        consent = ids.new("con")
        append(1, refs={"consent": consent})

        assert proofs.list_history(ids.new("org"), consent) == ()

    def test_keeps_the_events_of_the_erased_without_their_bodies(
        self, organisation_id: str, append: Append
    ) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        consent = ids.new("con")
        append(1, subject=person, refs={"consent": consent})
        subject_keys.destroy_key(person, at=NOON)

        (event,) = proofs.list_history(organisation_id, consent)
        assert (event.kind, event.body) == ("consent.revoked", None)


class TestEvents:
    @pytest.mark.parametrize(
        ("since", "until", "count"), [(0, 1, 3), (-1, 0, 0), (1, 2, 0), (-1, 1, 3)]
    )
    def test_are_cut_half_open(
        self, organisation_id: str, append: Append, since: int, until: int, count: int
    ) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        step = timedelta(milliseconds=1)

        found = log_reader.walk_events(
            organisation_id, since=NOON + since * step, until=NOON + until * step
        )
        assert len(list(found)) == count

    def test_of_test_data_are_told_apart(self, organisation_id: str, append: Append) -> None:
        append(2)
        append(1, livemode=False)
        sequencer.settle_log(organisation_id, at=NOON)

        assert [
            len(list(log_reader.walk_events(organisation_id, livemode=live)))
            for live in (True, False)
        ] == [2, 1]

    def test_cross_the_borders_of_chunks(
        self, organisation_id: str, append: Append, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_reader, "CHUNK", 3)
        events = append(8)
        sequencer.settle_log(organisation_id, at=NOON)

        assert [event.event_id for event in log_reader.walk_events(organisation_id)] == events


class TestOpenings:
    def test_open_their_own_entry_and_no_other(self, organisation_id: str, append: Append) -> None:
        events = append(3)
        sequencer.settle_log(organisation_id, at=NOON)

        for opening in log_reader.walk_openings(organisation_id):
            opened = [
                log_entry.matches_commitment(leaf(each), key=opening.key, body=opening.body)
                for each in events
            ]
            assert opened == [each == opening.event_id for each in events]

    def test_leave_out_the_erased(self, organisation_id: str, append: Append) -> None:
        person = subject_keys.create_subject(
            kind="person", organisation_id=organisation_id, at=NOON
        )
        append(1, subject=person)
        (event_id,) = append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        subject_keys.destroy_key(person, at=NOON)

        assert [opening.line()["id"] for opening in log_reader.walk_openings(organisation_id)] == [
            event_id
        ]

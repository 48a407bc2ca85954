"""After a restored backup: an operator's decision, written to the log, under a new name."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.errors import Invalid
from tests.conftest import NOON
from tests.support.log_rollback import Snapshot
from tests.transparency_log.conftest import Append
from transparency_log import fsck, log_reader, recovery, sequencer
from transparency_log.checkpoints import AnchorMismatch
from transparency_log.models import Head

pytestmark = pytest.mark.django_db


@pytest.fixture
def restored(organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]) -> None:
    """Seven entries were published, the database holds three."""
    append(3)
    sequencer.settle_log(organisation_id, at=NOON)
    backup = snapshot()
    append(4)
    sequencer.settle_log(organisation_id, at=NOON)
    backup.restore()


class TestRecover:
    def test_goes_on_under_a_new_name(
        self, restored: None, organisation_id: str, append: Append
    ) -> None:
        origin = recovery.recover_log(
            organisation_id, reason="restored_backup", actor="mem_1", at=NOON
        )
        append(1)

        assert sequencer.settle_log(organisation_id, at=NOON) == 1
        assert origin.endswith(f"/log/{organisation_id}/2")
        assert fsck.verify_log(organisation_id).good

    def test_is_itself_an_event_that_names_the_loss(
        self, restored: None, organisation_id: str
    ) -> None:
        recovery.recover_log(organisation_id, reason="restored_backup", actor="mem_1", at=NOON)

        event = list(log_reader.walk_events(organisation_id))[-1]
        assert event.body is not None
        assert event.kind == "log.recovered"
        assert {key: event.body[key] for key in ("lost_size", "found_size", "reason", "actor")} == {
            "lost_size": 7, "found_size": 3, "reason": "restored_backup", "actor": "mem_1",
        }  # fmt: skip

    def test_keeps_the_lost_head_as_evidence(
        self, restored: None, organisation_id: str, data_folder: Path
    ) -> None:
        recovery.recover_log(organisation_id, reason="restored_backup", actor="mem_1", at=NOON)

        assert (data_folder / "anchors" / f"{organisation_id}.lost-1-7.json").exists()

    def test_works_when_the_whole_log_was_lost(
        self, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]
    ) -> None:
        empty = snapshot()
        append(2)
        sequencer.settle_log(organisation_id, at=NOON)
        empty.restore()

        recovery.recover_log(organisation_id, reason="restored_backup", actor="mem_1", at=NOON)
        assert (Head.objects.get().size, Head.objects.get().generation) == (1, 2)

    def test_twice_gives_a_third_name(
        self, restored: None, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]
    ) -> None:
        backup = snapshot()
        recovery.recover_log(organisation_id, reason="restored_backup", actor="mem_1", at=NOON)
        backup.restore()

        assert recovery.recover_log(
            organisation_id, reason="restored_backup", actor="mem_1", at=NOON
        ).endswith("/3")

    def test_refuses_when_nothing_was_lost(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)

        with pytest.raises(recovery.NothingToRecover):
            recovery.recover_log(organisation_id, reason="restored_backup", actor="mem_1", at=NOON)

    @pytest.mark.parametrize("reason", ["", "The disk of Mr Huber broke", "x", "a" * 65])
    def test_refuses_a_reason_that_is_a_text(
        self, restored: None, organisation_id: str, reason: str
    ) -> None:
        with pytest.raises(Invalid):
            recovery.recover_log(organisation_id, reason=reason, actor="mem_1", at=NOON)


class TestALostAnchor:
    @pytest.fixture
    def anchor_lost(self, organisation_id: str, append: Append, data_folder: Path) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        (data_folder / "anchors" / f"{organisation_id}.json").unlink()

    def test_is_accepted_openly_under_a_new_name(
        self, anchor_lost: None, organisation_id: str, append: Append
    ) -> None:
        append(1)
        origin = recovery.recover_log(organisation_id, reason="anchor_lost", actor="mem_1", at=NOON)

        event = list(log_reader.walk_events(organisation_id))[-1]
        assert event.body is not None
        assert (event.kind, event.body["lost_size"], event.body["found_size"]) == (
            "log.recovered",
            None,
            3,
        )
        assert origin.endswith(f"/log/{organisation_id}/2")
        assert fsck.verify_log(organisation_id).good

    def test_with_an_older_database_goes_on_under_a_name_that_was_never_used(
        self, restored: None, organisation_id: str, data_folder: Path
    ) -> None:
        """The lost history had come to its third name; the backup is of the first."""
        (data_folder / "anchors" / f"{organisation_id}.json").unlink()

        with pytest.raises(AnchorMismatch, match="gone"):
            sequencer.settle_log(organisation_id, at=NOON)
        origin = recovery.recover_log(
            organisation_id, reason="all_lost", actor="mem_1", at=NOON, last_generation=3
        )
        assert origin.endswith(f"/log/{organisation_id}/4")
        assert fsck.verify_log(organisation_id).good

    def test_is_recovered_once(self, anchor_lost: None, organisation_id: str) -> None:
        recovery.recover_log(organisation_id, reason="anchor_lost", actor="mem_1", at=NOON)

        with pytest.raises(recovery.NothingToRecover):
            recovery.recover_log(organisation_id, reason="anchor_lost", actor="mem_1", at=NOON)

    def test_of_a_log_that_never_published_is_nothing(
        self, organisation_id: str, append: Append
    ) -> None:
        append(1)

        with pytest.raises(recovery.NothingToRecover):
            recovery.recover_log(organisation_id, reason="anchor_lost", actor="mem_1", at=NOON)

    @pytest.mark.parametrize("generation", [0, -1, 1001])
    def test_wants_a_generation_that_can_be(
        self, anchor_lost: None, organisation_id: str, generation: int
    ) -> None:
        with pytest.raises(Invalid):
            recovery.recover_log(
                organisation_id,
                reason="anchor_lost",
                actor="mem_1",
                at=NOON,
                last_generation=generation,
            )


class TestCommand:
    def test_says_the_new_name(self, restored: None, organisation_id: str) -> None:
        said = StringIO()
        call_command(
            "recover_log", organisation_id, reason="restored_backup", actor="mem_1", stdout=said
        )

        assert f"/log/{organisation_id}/2" in said.getvalue()

    def test_fails_when_nothing_was_lost(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)

        with pytest.raises(CommandError, match="continues"):
            call_command("recover_log", organisation_id, reason="restored_backup", actor="mem_1")

"""Publishing: signed for anyone to check, the same bytes every time, never backwards or beside
what was published.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.conftest import NOON
from tests.support import reference_tree
from tests.support.log_rollback import Snapshot
from tests.transparency_log.conftest import Append
from transparency_log import anchors, checkpoints, public_log, sequencer, tasks
from transparency_log.checkpoints import AnchorMismatch
from transparency_log.formats import signed_note
from transparency_log.models import Checkpoint, Head
from transparency_log.storage.tile_store import TileLost
from vault import signing_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def anchor_file(data_folder: Path, organisation_id: str) -> Path:
    return data_folder / "anchors" / f"{organisation_id}.json"


class TestOrigin:
    @pytest.mark.parametrize(
        ("url", "origin"),
        [
            ("https://voice.example", "voice.example"),
            ("https://voice.example:443", "voice.example"),
            ("http://127.0.0.1:8000", "127.0.0.1:8000"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("http://a:80", "a"),
        ],
    )
    def test_is_the_public_prefix_without_scheme(
        self, settings: Settings, url: str, origin: str
    ) -> None:
        settings.SAYSO_PUBLIC_URL = url

        assert checkpoints.build_origin("org_x") == f"{origin}/log/org_x"

    def test_stays_when_the_service_moves(
        self, organisation_id: str, append: Append, settings: Settings
    ) -> None:
        for url in ("https://old.example", "https://new.example"):
            settings.SAYSO_PUBLIC_URL = url
            append(1)
            sequencer.settle_log(organisation_id, at=NOON)

        names = {row.note.split("\n")[0] for row in Checkpoint.objects.all()}
        assert names == {f"old.example/log/{organisation_id}"}


class TestPublish:
    def test_signs_a_note_that_another_verifier_accepts(
        self, organisation_id: str, append: Append
    ) -> None:
        append(7)
        sequencer.settle_log(organisation_id, at=NOON)

        root, size = reference_tree.check_note(
            public_log.get_checkpoint_note(organisation_id),
            public_log.get_verifier_keys(organisation_id),
        )
        assert (size, root) == (7, bytes(Head.objects.get().root))

    def test_gives_the_same_bytes_after_a_crash_between_anchor_and_checkpoint(
        self,
        organisation_id: str,
        append: Append,
        anchor_file: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        append(3)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(checkpoints, "_insert_checkpoint", _killed)
            sequencer.settle_log(organisation_id, at=NOON)
        before = json.loads(anchor_file.read_text())["note"]

        sequencer.settle_log(organisation_id, at=NOON + timedelta(hours=1))
        assert Checkpoint.objects.get().note == before

    def test_writes_two_lines_while_keys_rotate(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        signing_keys.rotate_signing_key("log", organisation_id=organisation_id, at=NOON)
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)

        note = public_log.get_checkpoint_note(organisation_id)
        for vkey in public_log.get_verifier_keys(organisation_id).splitlines():
            assert reference_tree.check_note(note, vkey)[1] == 2

    def test_remembers_every_head_outside_the_database(
        self, organisation_id: str, append: Append, anchor_file: Path
    ) -> None:
        for size in (2, 5):
            append(size - Head.objects.count() * 2)
            sequencer.settle_log(organisation_id, at=NOON)
            anchor = json.loads(anchor_file.read_text())
            latest = checkpoints.get_latest_checkpoint(organisation_id)
            assert latest is not None
            assert (anchor["size"], anchor["note"]) == (size, latest.note)

    @pytest.mark.parametrize("grown", [0, 1])
    def test_refuses_once_the_anchor_is_lost(
        self, organisation_id: str, append: Append, anchor_file: Path, grown: int
    ) -> None:
        """No one could tell whether the database is the newest, or an older one that was
        restored.
        """
        append(2)
        sequencer.settle_log(organisation_id, at=NOON)
        anchor_file.unlink()
        append(grown)

        with pytest.raises(AnchorMismatch, match="gone"):
            sequencer.settle_log(organisation_id, at=NOON)
        assert not anchor_file.exists()

    def test_says_only_prefixes_of_each_other(self, organisation_id: str, append: Append) -> None:
        for _ in range(4):
            append(3)
            sequencer.settle_log(organisation_id, at=NOON)

        assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [
            3,
            6,
            9,
            12,
        ]


class TestAnchor:
    def test_refuses_a_restored_older_database(
        self, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]
    ) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        backup = snapshot()
        append(4)
        sequencer.settle_log(organisation_id, at=NOON)
        backup.restore()

        with pytest.raises(AnchorMismatch, match="shorter") as refusal:
            sequencer.settle_log(organisation_id, at=NOON)
        assert refusal.value.facts == {"published": 7, "found": 3}

    @pytest.mark.parametrize("grown", [4, 6])
    def test_refuses_a_restored_database_that_grew_beside_what_was_published(
        self, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot], grown: int
    ) -> None:
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        backup = snapshot()
        append(4)
        sequencer.settle_log(organisation_id, at=NOON)
        backup.restore()
        append(grown)

        with pytest.raises(AnchorMismatch, match="not the one"):
            sequencer.settle_log(organisation_id, at=NOON)
        assert Checkpoint.objects.count() == 1

    def test_refuses_a_database_that_lost_the_log(
        self, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]
    ) -> None:
        empty = snapshot()
        append(3)
        sequencer.settle_log(organisation_id, at=NOON)
        empty.restore()

        with pytest.raises(AnchorMismatch, match="nothing"):
            sequencer.settle_log(organisation_id, at=NOON)

    @pytest.mark.parametrize("text", ["", "{}", '{"size": "x"}', "not json"])
    def test_that_cannot_be_read_stops_publishing(
        self, organisation_id: str, append: Append, anchor_file: Path, text: str
    ) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        append(1)
        anchor_file.write_text(text)

        with pytest.raises(anchors.AnchorUnreadable):
            sequencer.settle_log(organisation_id, at=NOON)
        assert Checkpoint.objects.count() == 1

    def test_mismatch_of_one_organisation_keeps_no_other_waiting(
        self, organisation_id: str, append: Append, anchor_file: Path
    ) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        anchor_file.write_text("damaged")
        append(1)
        neighbour = "org_" + "z" * 26
        append(1, organisation_id=neighbour)

        tasks.settle_all_logs()
        assert checkpoints.get_latest_checkpoint(neighbour) is not None

    @pytest.mark.parametrize(
        "fault", [TileLost("a tile is gone"), OSError(28, "No space left"), ValueError("no JSON")]
    )
    def test_or_any_other_fault_ends_no_round_and_fills_no_log(
        self,
        organisation_id: str,
        append: Append,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        fault: Exception,
    ) -> None:
        """L-B14: the round ended at the broken log, five times a second, with a traceback each."""
        neighbour, settle = "org_" + "z" * 26, sequencer.settle_log

        def settle_or_fail(broken: str, *, at: datetime) -> object:
            if broken == organisation_id:
                raise fault
            return settle(broken, at=at)

        monkeypatch.setattr(sequencer, "settle_log", settle_or_fail)
        for _ in range(5):
            append(1)
            append(1, organisation_id=neighbour)
            tasks.settle_all_logs()

            assert sequencer.list_unsettled_logs() == (organisation_id,)
        assert [record.message for record in caplog.records] == ["log not settled"]

    def test_of_something_that_is_no_organisation_is_refused(self) -> None:
        with pytest.raises(ValueError, match="belongs to an organisation"):
            anchors.get_anchors().peek("../../etc/passwd")


class TestKeys:
    def test_verify_what_older_keys_signed(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        old = public_log.get_checkpoint_note(organisation_id)
        signing_keys.rotate_signing_key("log", organisation_id=organisation_id, at=NOON)

        assert (
            signed_note.read_checkpoint(old, checkpoints.list_verifier_keys(organisation_id)).size
            == 1
        )


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt

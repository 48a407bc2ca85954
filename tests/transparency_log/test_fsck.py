"""`verify_log` notices every kind of tampering, done here by someone with full rights on the
database and the disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import F
from django.db.models.expressions import RawSQL

from core import ids
from tests.conftest import NOON
from tests.support import database_flush
from tests.support.log_rollback import Snapshot
from tests.transparency_log.conftest import Append
from transparency_log import fsck, sequencer
from transparency_log.formats.merkle import TileAt
from transparency_log.models import Checkpoint, Entry, Head, Tile

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled(organisation_id: str, append: Append) -> None:
    """260 entries under three checkpoints."""
    for count in (3, 250, 7):
        append(count)
        sequencer.settle_log(organisation_id, at=NOON)


def refused(organisation_id: str) -> set[str]:
    return {check.name for check in fsck.verify_log(organisation_id).checks if not check.good}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _entry(idx: int, **changes: object) -> Callable[[], object]:
    return lambda: Entry.objects.filter(idx=idx).update(**changes)


def _payload() -> object:
    entry = Entry.objects.get(idx=100)
    return Entry.objects.filter(idx=100).update(
        payload=bytes(entry.payload).replace(b"revoked", b"expired")
    )


def _payload_and_column() -> object:
    _payload()
    return Entry.objects.filter(idx=100).update(kind="consent.expired")


def _as_text() -> object:
    """Only SQLite lets bytes become text; anyone who edits it by hand with `replace` does just
    that.
    """
    if connection.vendor != "sqlite":
        return _payload()
    return Entry.objects.filter(idx=100).update(payload=RawSQL("cast(payload as text)", ()))


def _tile(level: int, n: int) -> Callable[[], object]:
    def change() -> object:
        tile = Tile.objects.get(level=level, n=n)
        return Tile.objects.filter(id=tile.id).update(data=flipped(bytes(tile.data), 5))

    return change


def _swapped() -> None:
    Entry.objects.filter(idx=7).update(idx=9000)
    Entry.objects.filter(idx=8).update(idx=7)
    Entry.objects.filter(idx=9000).update(idx=8)


def _note(old: str, new: str) -> Callable[[], object]:
    def change() -> object:
        checkpoint = Checkpoint.objects.get(size=253)
        return Checkpoint.objects.filter(size=253).update(note=checkpoint.note.replace(old, new))

    return change


def _rebuilt() -> None:
    """Change an entry and recompute tiles and head, as someone would who knows the format but has
    no key.
    """
    _payload()
    report = fsck.LogReport(organisation_id=Head.objects.get().organisation_id)
    outcome = fsck._LogChecker(report, None)
    outcome.run()
    Tile.objects.filter(level=0, n=0).update(data=outcome.full[TileAt(0, 0)])
    for place, data in outcome.edge.items():
        Tile.objects.filter(level=place.level, n=place.n).update(data=data)
    Head.objects.update(root=outcome.root)


TAMPERING = {
    "a changed entry": (_payload, {"entries", "tiles", "head", "checkpoints", "anchor"}),
    "a changed entry with its column": (
        _payload_and_column,
        {"tiles", "head", "checkpoints", "anchor"},
    ),
    "an entry that became text": (_as_text, {"entries"}),
    "a changed kind": (_entry(5, kind="clip.issued"), {"entries"}),
    "a changed time": (_entry(5, at_ms=1), {"entries"}),
    "a changed mode": (_entry(5, livemode=False), {"entries"}),
    "a changed id": (_entry(5, event_id="evt_" + "a" * 26), {"entries"}),
    "two entries exchanged": (_swapped, {"tiles", "head", "checkpoints", "anchor"}),
    "a removed entry": (
        lambda: Entry.objects.filter(idx=100).delete(),
        {"entries", "tiles", "head", "checkpoints", "anchor"},
    ),
    "a removed last entry": (
        lambda: Entry.objects.filter(idx=259).delete(),
        {"tiles", "head", "checkpoints", "anchor"},
    ),
    "all entries removed": (
        lambda: Entry.objects.all().delete(),
        {"tiles", "head", "checkpoints", "anchor"},
    ),
    "a changed full tile": (_tile(0, 0), {"tiles"}),
    "a changed partial tile": (_tile(0, 1), {"tiles"}),
    "a changed tile above": (_tile(1, 0), {"tiles"}),
    "a removed tile": (lambda: Tile.objects.filter(level=1).delete(), {"tiles"}),
    "a moved tile": (lambda: Tile.objects.filter(level=1).update(n=F("n") + 5), {"tiles"}),
    "a shorter head": (lambda: Head.objects.update(size=259), {"head"}),
    "another root": (lambda: Head.objects.update(root=bytes(32)), {"head"}),
    "no head": (lambda: Head.objects.all().delete(), {"head", "checkpoints", "anchor"}),
    "a checkpoint of another root": (
        lambda: Checkpoint.objects.filter(size=3).update(root=bytes(32)),
        {"checkpoints"},
    ),
    "a checkpoint of another size": (
        lambda: Checkpoint.objects.filter(size=3).update(size=4),
        {"checkpoints"},
    ),
    "a changed note": (_note("\n253\n", "\n252\n"), {"checkpoints"}),
    "a note of another origin": (_note("/log/", "/gol/"), {"checkpoints"}),
    "a note without signature": (_note("— ", "- "), {"checkpoints"}),
    "a history rebuilt without the key": (_rebuilt, {"checkpoints", "anchor"}),
}


@pytest.mark.usefixtures("settled")
class TestVerify:
    def test_finds_nothing_wrong_with_an_honest_log(self, organisation_id: str) -> None:
        report = fsck.verify_log(organisation_id)

        assert report.good
        assert [check.seen for check in report.checks] == [260, 3, 1, 3, 1]

    @pytest.mark.parametrize("what", TAMPERING)
    def test_notices(self, organisation_id: str, what: str) -> None:
        tamper, expected = TAMPERING[what]
        with database_flush.triggers_suspended():
            tamper()

        assert refused(organisation_id) >= expected

    def test_notices_an_added_tile(self, organisation_id: str) -> None:
        Tile.objects.create(organisation_id=organisation_id, level=3, n=0, data=bytes(32))

        assert refused(organisation_id) == {"tiles"}

    def test_notices_a_restored_backup(
        self, organisation_id: str, append: Append, snapshot: Callable[[], Snapshot]
    ) -> None:
        backup = snapshot()
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        backup.restore()

        assert refused(organisation_id) == {"anchor"}

    @pytest.mark.parametrize("text", ["", "{}", None])
    def test_notices_a_damaged_or_removed_anchor(
        self, organisation_id: str, data_folder: Path, text: str | None
    ) -> None:
        file = data_folder / "anchors" / f"{organisation_id}.json"
        file.unlink() if text is None else file.write_text(text)

        assert refused(organisation_id) == {"anchor"}


class TestWhileItGrows:
    @pytest.mark.django_db(transaction=True)
    def test_is_verified_as_it_was_at_the_beginning(
        self, organisation_id: str, append: Append
    ) -> None:
        append(300)
        sequencer.settle_log(organisation_id, at=NOON)

        def grow() -> None:
            append(30)
            sequencer.settle_log(organisation_id, at=NOON)
            connections.close_all()

        def let_it_grow(_done: int, _total: int) -> None:
            writer = Thread(target=grow)
            writer.start()
            writer.join(10)
            assert not writer.is_alive(), "a reader must not hold up a writer"

        report = fsck.verify_log(organisation_id, progress=let_it_grow)

        assert [check.first for check in report.checks if not check.good] == []
        assert report.entries.seen == 300
        assert fsck.verify_log(organisation_id).entries.seen == 330


class TestCommand:
    def run(self, *words: str) -> str:
        said = StringIO()
        call_command("verify_log", *words, stdout=said, stderr=StringIO())
        return said.getvalue()

    @pytest.mark.usefixtures("settled")
    def test_says_a_line_a_check(self, organisation_id: str) -> None:
        lines = self.run().splitlines()

        assert [line.split()[:3] for line in lines] == [
            *(
                ["OK", organisation_id, name]
                for name in ("entries", "tiles", "head", "checkpoints", "anchor")
            ),
            *(["NONE", organisation_id, name] for name in ("cosignatures", "copies", "stamps")),
        ]

    @pytest.mark.usefixtures("settled")
    def test_exits_with_1_when_refused(self, organisation_id: str) -> None:
        with database_flush.triggers_suspended():
            _payload()

        with pytest.raises(SystemExit) as end:
            self.run("--json")
        assert end.value.code == 1

    @pytest.mark.usefixtures("settled")
    def test_gives_json(self, organisation_id: str) -> None:
        found = json.loads(self.run("--json", organisation_id))

        assert (found["organisation"], found["verdict"]) == (organisation_id, "verified")
        assert found["checks"]["tiles"] == {"result": "ok", "checked": 3, "faults": 0, "first": ""}

    def test_exits_with_2_when_there_is_no_such_log(self) -> None:
        with pytest.raises(CommandError) as refusal:
            self.run(ids.new("org"))
        assert refusal.value.returncode == 2

    def test_says_nothing_of_a_check_that_had_nothing_to_look_at(
        self, organisation_id: str, append: Append
    ) -> None:
        append(1)
        sequencer.place_waiting_events(organisation_id)

        assert "NONE" in self.run()
        assert [line.split()[0] for line in self.run().splitlines()] == ["OK"] * 3 + ["NONE"] * 5

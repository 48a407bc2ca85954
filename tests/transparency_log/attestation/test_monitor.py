"""Watching logs from outside: other people's and ours, honest ones and every kind of
contradiction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from tests.support import reference_tree
from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.foreign_log import TileLog
from tests.transparency_log.attestation.conftest import Grow
from transparency_log import public_log


@pytest.fixture
def log() -> TileLog:
    log = TileLog()
    log.grow(300)
    return log


@pytest.fixture
def url(log: TileLog) -> Iterator[str]:
    with outsider(log) as base:
        yield f"{base}/some/prefix/"


class Watcher:
    """Runs the command on one log with one state file."""

    def __init__(self, url: str, state: Path, *keys: str) -> None:
        self.url, self.state, self.keys = url, state, keys

    def look(self, **options: Any) -> tuple[int, dict[str, Any]]:
        said, code = StringIO(), 0
        try:
            call_command(
                "monitor_log",
                self.url,
                state=self.state,
                key=list(self.keys),
                stdout=said,
                **options,
            )
        except SystemExit as end:
            code = int(str(end.code))
        return code, json.loads(said.getvalue().splitlines()[-1])

    def alarm(self, code: str) -> dict[str, Any]:
        found, line = self.look()
        assert (found, line["verdict"], line["code"]) == (1, "alarm", code)
        return line


@pytest.fixture
def watcher(url: str, tmp_path: Path, log: TileLog) -> Watcher:
    return Watcher(url, tmp_path / "state.json", log.vkey())


class TestAnHonestLog:
    def test_is_verified_from_its_first_entry_on(self, watcher: Watcher, log: TileLog) -> None:
        code, line = watcher.look()
        assert (code, line["verdict"], line["size"], line["previous"]) == (0, "verified", 300, None)
        for size in (301, 511, 512, 513, 1300):
            log.grow(size - len(log.entries))
            code, line = watcher.look()
            assert (code, line["size"]) == (0, size)

    def test_that_did_not_grow_is_asked_for_its_checkpoint_alone(
        self, watcher: Watcher, log: TileLog
    ) -> None:
        watcher.look()
        log.asked.clear()

        assert watcher.look()[0] == 0
        assert log.asked == ["/some/prefix/checkpoint"]

    @pytest.mark.parametrize(
        "options",
        [{"tiles_only": True}, {"from_now": True}, {"from_now": True, "tiles_only": True}],
    )
    def test_is_verified_by_less(
        self, watcher: Watcher, log: TileLog, options: dict[str, bool]
    ) -> None:
        assert watcher.look(**options)[0] == 0
        log.grow(500)

        assert watcher.look(**options)[1]["size"] == 800

    def test_may_have_deleted_its_partial_tiles(self, watcher: Watcher, log: TileLog) -> None:
        log.shown = 300
        log.grow(300)

        assert watcher.look(tiles_only=True)[0] in {0, 2}


class TestALogThatContradictsItself:
    def test_by_a_rewritten_entry_forks(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        old = log.note()
        log.entries[7] = b"never happened"
        log.grow(10)

        line = watcher.alarm("fork")
        assert {file.name: file.read_text() for file in Path(line["evidence"]).iterdir()} == {
            "before": old, "now": log.note(),
        }  # fmt: skip

    def test_at_one_size_forks(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        log.entries[299] = b"never happened"

        watcher.alarm("fork")

    def test_by_going_back_is_noticed(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        log.shown = 299

        watcher.alarm("rollback")

    def test_alarms_again_at_the_next_look(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        log.shown = 10

        assert watcher.alarm("rollback")["size"] == watcher.alarm("rollback")["size"] == 300

    def test_by_serving_other_entries_than_were_signed_is_noticed(
        self, watcher: Watcher, log: TileLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watcher.look()
        log.grow(10)
        honest, true = log.leaves(), log.note()
        log.entries[305] = b"another story"
        monkeypatch.setattr(log, "note", lambda: true)
        monkeypatch.setattr(log, "leaves", lambda: honest)

        watcher.alarm("entries_differ")

    def test_by_tiles_that_were_never_signed_is_noticed(
        self, watcher: Watcher, log: TileLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watcher.look()
        log.grow(10)
        true = log.note()
        log.entries[305] = b"another story"
        monkeypatch.setattr(log, "note", lambda: true)

        watcher.alarm("tiles_differ")

    def test_by_another_name_is_noticed(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        log.origin = "renamed.example/log"
        watcher.keys = (*watcher.keys, log.vkey())

        watcher.alarm("renamed")

    def test_by_a_signature_that_is_none_is_noticed(self, watcher: Watcher, log: TileLog) -> None:
        watcher.look()
        log.key = TileLog().key

        watcher.alarm("unsigned")

    def test_at_the_first_look_is_noticed(
        self, watcher: Watcher, log: TileLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        true = log.note()
        log.entries[3] = b"another story"
        monkeypatch.setattr(log, "note", lambda: true)

        watcher.alarm("tiles_differ")
        assert not watcher.state.exists()


class TestALogThatCannotBeRead:
    @pytest.mark.parametrize("status", [404, 500])
    def test_is_no_alarm(self, tmp_path: Path, log: TileLog, status: int) -> None:
        with outsider(lambda asked: Reply(status=status)) as base:
            code, line = Watcher(base, tmp_path / "state", log.vkey()).look()

        assert (code, line["verdict"]) == (2, "unreadable")

    def test_or_is_down_is_no_alarm(self, tmp_path: Path, log: TileLog) -> None:
        assert Watcher("http://127.0.0.1:9", tmp_path / "state", log.vkey()).look()[0] == 2

    @pytest.mark.parametrize("cut", [1, 2, 40])
    def test_or_serves_half_a_bundle_is_no_alarm(
        self, tmp_path: Path, log: TileLog, cut: int
    ) -> None:
        def cutting(asked: Asked) -> Reply:
            reply = log(asked)
            return (
                Reply(status=reply.status, body=reply.body[:-cut])
                if "entries" in asked.path
                else reply
            )

        with outsider(cutting) as base:
            code, line = Watcher(f"{base}/some/prefix", tmp_path / "state", log.vkey()).look()
        assert (code, line["code"]) == (2, "watched_log_unreadable")

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"seen": {}, "keys": []}'])
    def test_with_a_state_that_cannot_is_no_alarm(self, watcher: Watcher, text: str) -> None:
        watcher.state.write_text(text)

        code, line = watcher.look()
        assert (code, line["verdict"]) == (2, "unreadable")

    def test_with_a_state_that_was_tampered_with_is_no_alarm(self, watcher: Watcher) -> None:
        watcher.look()
        raw = json.loads(watcher.state.read_text())
        raw["seen"]["root"] = "A" * 43 + "="
        watcher.state.write_text(json.dumps(raw))

        assert watcher.look()[0] == 2

    def test_and_has_no_key_to_show_asks_for_one(self, tmp_path: Path, log: TileLog) -> None:
        with outsider(log) as base:
            code, line = Watcher(f"{base}/some/prefix", tmp_path / "state").look()
        assert (code, line["code"]) == (2, "watched_log_unreadable")
        assert "--key" in line["detail"]

    @pytest.mark.parametrize("seconds", ["-3", "0", "nan", "inf", "1e30", "soon"])
    def test_nor_at_a_pace_that_is_none(self, watcher: Watcher, seconds: str) -> None:
        with pytest.raises(CommandError, match="--every"):
            call_command(
                "monitor_log", watcher.url, f"--every={seconds}", f"--state={watcher.state}"
            )

    def test_nor_without_a_url(self) -> None:
        with pytest.raises(CommandError):
            call_command("monitor_log", "no url")


@pytest.mark.django_db(transaction=True)
class TestOurOwnLog:
    def test_is_watched_like_any_other(
        self, live_server: LiveServer, organisation_id: str, grow: Grow, tmp_path: Path
    ) -> None:
        grow(260)
        watcher = Watcher(f"{live_server.url}/log/{organisation_id}", tmp_path / "state.json")
        assert watcher.look()[1]["size"] == 260
        grow(5)

        code, line = watcher.look()
        assert (code, line["previous"], line["size"]) == (0, 260, 265)
        state = json.loads(watcher.state.read_text())
        assert state["keys"] == public_log.get_verifier_keys(organisation_id).splitlines()
        assert reference_tree.check_note(state["seen"]["note"], state["keys"][0])[1] == 265

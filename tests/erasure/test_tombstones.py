"""Tombstones: no erasure is certified without its own on the disk, and a torn one is told."""

from __future__ import annotations

import errno
import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from erasure import execution, tombstone_checks, tombstones
from erasure.models import Erasure, ErasureState
from erasure.tombstones import Tombstone
from tests.conftest import NOON
from tests.erasure.test_execution import ask_for
from tests.voices.conftest import MakeVoice, noon

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOON.replace(hour=NOON.hour + 1)


def fill_disk(monkeypatch: pytest.MonkeyPatch, *, room: int) -> None:
    """Let writes take so many more bytes, the last of them in a short write."""
    write, left = os.write, [room]

    def write_while_there_is_room(handle: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(handle, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", write_while_there_is_room)


def verify_log() -> tuple[int, str]:
    """Return the exit code of `verify_log` and what it said."""
    said = StringIO()
    try:
        call_command("verify_log", stdout=said)
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    return 0, said.getvalue()


def tear(erasure: Erasure, *, whole: int = 136) -> None:
    """Leave the beginning of this erasure's line at the end of the file, without a newline."""
    row = {
        "erasure": erasure.id,
        "speaker": erasure.speaker_id,
        "subject": erasure.subject,
        "organisation": erasure.organisation_id,
    }
    with tombstones.tombstone_path().open("ab") as file:
        file.write(json.dumps(row).encode()[:whole])


class TestAnErasureOnAFullDisk:
    def test_is_not_certified_and_the_next_one_is_whole(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """L-B13: 136 of the line's 220 bytes had room, and nobody looked."""
        torn, other = ask_for(make_voice()), ask_for(make_voice())
        with monkeypatch.context() as full, pytest.raises(OSError, match="No space left"):
            fill_disk(full, room=136)
            execution.continue_erasure(torn.id, now=noon)

        torn.refresh_from_db()
        assert (torn.state, torn.certificate) == (ErasureState.RUNNING, None)
        assert execution.list_due_erasures(at=NOON + execution.BACKOFF.first)
        execution.continue_erasure(other.id, now=noon)
        execution.continue_erasure(torn.id, now=lambda: LATER)

        found = tombstones.read_tombstones()
        assert [stone.erasure for stone in found.stones] == [other.id, torn.id]
        assert found.torn == ()
        assert verify_log()[0] == 0


class TestATornLine:
    def test_is_told_and_hides_no_other(self, make_voice: MakeVoice) -> None:
        torn, other = ask_for(make_voice()), ask_for(make_voice())
        tombstones.tombstone_path().parent.mkdir(parents=True, exist_ok=True)
        tear(torn)
        execution.continue_erasure(other.id, now=noon)

        found = tombstones.read_tombstones()

        assert [stone.erasure for stone in found.stones] == [other.id]
        assert [(line.number, line.erasure) for line in found.unknown_lines] == [(1, torn.id)]
        code, said = verify_log()
        assert code == 1
        assert f"line 1 of erased.jsonl is not a tombstone, of {torn.id}" in said
        assert "sayso.W007" in [found.id for found in run_checks(include_deployment_checks=True)]

    def test_says_nothing_once_its_erasure_has_a_whole_one(self, make_voice: MakeVoice) -> None:
        torn = ask_for(make_voice())
        tombstones.tombstone_path().parent.mkdir(parents=True, exist_ok=True)
        tear(torn)

        execution.continue_erasure(torn.id, now=noon)

        assert tombstones.read_tombstones().unknown_lines == ()

    def test_with_another_line_glued_to_it_hides_that_one_no_more(
        self, make_voice: MakeVoice
    ) -> None:
        """As the second half of L-B13 left it."""
        torn, other = ask_for(make_voice()), ask_for(make_voice())
        execution.continue_erasure(other.id, now=noon)
        whole = tombstones.tombstone_path().read_bytes()
        tombstones.tombstone_path().unlink()
        tear(torn)
        with tombstones.tombstone_path().open("ab") as file:
            file.write(whole)

        found = tombstones.read_tombstones()

        assert [stone.erasure for stone in found.stones] == [other.id]
        assert [line.erasure for line in found.unknown_lines] == [torn.id]


class TestAMissingOne:
    def test_is_told_and_written_again_from_the_rows(self, make_voice: MakeVoice) -> None:
        erasure = execution.continue_erasure(ask_for(make_voice()).id, now=noon)
        tombstones.tombstone_path().unlink()
        assert erasure.id in verify_log()[1]

        assert tombstone_checks.restore_tombstones(at=NOON) == 1

        assert tombstones.read_tombstones().stones == (
            Tombstone(
                erasure=erasure.id,
                speaker=erasure.speaker_id,
                subject=erasure.subject,
                organisation=erasure.organisation_id,
            ),
        )
        assert verify_log()[0] == 0

    def test_is_none_without_a_file(self, tmp_path: Path) -> None:
        assert tombstones.read_tombstones(tmp_path / "none").stones == ()

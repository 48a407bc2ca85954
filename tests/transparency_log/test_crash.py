"""Writers and sequencers die at any moment, and the log has neither gap nor duplicate, and has lost
nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import NOON
from tests.support import log_crashes
from transparency_log import fsck, sequencer
from transparency_log.models import Body, Checkpoint, Entry, Outbox
from vault import subject_keys

KILLS = 50
# Only against hanging: under load the kills wait for work to be done between them.
SECONDS = 300


@contextmanager
def group(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process and all that it forks, none of which outlives the block."""
    with subprocess.Popen(
        command, env={**environment}, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.postgres
@pytest.mark.alone
class TestKills:
    def test_lose_nothing_and_leave_no_gap(
        self, organisation_id: str, tmp_path: Path, child_environment: Mapping[str, str]
    ) -> None:
        subject_keys.get_organisation_subject(organisation_id, at=NOON)
        file = tmp_path / "acknowledged"
        command = [
            sys.executable,
            "-m",
            "tests.support.log_crashes",
            organisation_id,
            str(file),
            str(KILLS),
        ]
        environment = {
            **child_environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": "",
        }

        with group(command, environment) as process:
            _, complaints = process.communicate(timeout=SECONDS)
            assert (process.returncode, complaints) == (0, "")
        sequencer.settle_log(organisation_id, at=NOON)

        placed = dict(Entry.objects.order_by("idx").values_list("idx", "event_id"))
        acknowledged = set(file.read_text().split())
        assert len(acknowledged) >= KILLS
        assert list(placed) == list(range(len(placed)))
        assert acknowledged <= set(placed.values())
        assert set(Body.objects.values_list("event_id", flat=True)) == set(placed.values())
        assert not Outbox.objects.exists()
        assert Checkpoint.objects.count() >= KILLS // log_crashes.KILLS_A_CHECKPOINT
        assert fsck.verify_log(organisation_id).good
        print(f"{KILLS} kills, {len(placed)} entries, {Checkpoint.objects.count()} checkpoints")  # noqa: T201 - for -s

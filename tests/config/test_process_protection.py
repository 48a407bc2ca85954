"""A serving process closes its memory, and says where foreign files cannot be confined."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from audio.sandbox import confinement
from config import checks, process_protection

IS_DUMPABLE = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
SERVE = """
import asyncio, ctypes
from config.asgi.application import application

async def start():
    told = asyncio.Queue()
    received = asyncio.Queue()
    await received.put({"type": "lifespan.startup"})
    serving = asyncio.create_task(application({"type": "lifespan"}, received.get, told.put))
    assert (await told.get())["type"] == "lifespan.startup.complete"
    print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    await received.put({"type": "lifespan.shutdown"})
    await serving

asyncio.run(start())
"""
WORK = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from celery.signals import worker_init
import config.celery
worker_init.send(sender=None)
"""


def run_code(code: str, folder: object) -> str:
    environment = {"SAYSO_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


class TestMemory:
    def test_is_open_in_other_processes(self, tmp_path: object) -> None:
        assert "dumpable 1" in run_code(IS_DUMPABLE, tmp_path)

    @pytest.mark.parametrize("code", [SERVE, WORK + IS_DUMPABLE], ids=["web", "worker"])
    def test_is_closed_where_requests_and_tasks_are_served(
        self, code: str, tmp_path: object
    ) -> None:
        assert "dumpable 0" in run_code(code, tmp_path)


class TestKernels:
    def test_that_can_confine_are_passed_over(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            process_protection.protect_process()

        assert caplog.messages == []
        assert list(checks.check_confinement(None)) == []

    @pytest.mark.parametrize(
        ("missing", "level", "check_id"),
        [
            ("is_supported", logging.ERROR, "sayso.W005"),
            ("is_folder_supported", logging.WARNING, "sayso.W006"),
        ],
    )
    def test_that_cannot_are_told_at_the_start_and_by_the_check(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        missing: str,
        level: int,
        check_id: str,
    ) -> None:
        monkeypatch.setattr(confinement, missing, lambda: False)

        process_protection.protect_process()

        assert [record.levelno for record in caplog.records] == [level]
        assert [found.id for found in checks.check_confinement(None)] == [check_id]

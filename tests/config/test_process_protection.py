"""A serving process closes its memory, says where foreign files cannot be confined, and has the
sandbox's templates loaded before the first file.
"""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from audio.sandbox import confinement
from config import checks, process_protection

IS_DUMPABLE = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
TELL_TEMPLATES = """
import threading
from audio.sandbox import template_client

def tell_templates(when):
    for thread in threading.enumerate():
        if thread.name == "sayso-templates":
            thread.join()
    print(when, *sorted(one.program.stem for one in template_client._all if one.template_pid))
"""
SERVE = f"""
import asyncio, ctypes
from config.asgi.application import application
{TELL_TEMPLATES}

async def start():
    told = asyncio.Queue()
    received = asyncio.Queue()
    await received.put({{"type": "lifespan.startup"}})
    serving = asyncio.create_task(application({{"type": "lifespan"}}, received.get, told.put))
    assert (await told.get())["type"] == "lifespan.startup.complete"
    print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    tell_templates('web')
    await received.put({{"type": "lifespan.shutdown"}})
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
WORK_ON_SOUND = f"""
{WORK}
from celery.signals import worker_process_init
from django.core.management import call_command
{TELL_TEMPLATES}
config.celery.app.loader.import_default_modules()
call_command("check", verbosity=0)
tell_templates("command")
for queue in ("log", "speech"):
    config.celery.app.amqp.queues.select([queue])
    worker_process_init.send(sender=None)
    tell_templates(queue)
"""
ALL = "decoder_child espeak_child manifest_reader_child"


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


class TestTemplates:
    """The name of the AAC encoder stands in front where it is installed."""

    def test_are_started_with_a_server(self, tmp_path: object) -> None:
        assert run_code(SERVE, tmp_path).splitlines()[-1].endswith(ALL)

    def test_are_started_with_a_worker_on_sound_and_with_nothing_else(
        self, tmp_path: object
    ) -> None:
        command, log, speech = run_code(WORK_ON_SOUND, tmp_path).splitlines()[-3:]

        assert (command, log) == ("command", "log")
        assert speech.startswith("speech")
        assert speech.endswith(ALL)


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

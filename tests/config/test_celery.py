"""The one list of background work: each entry exists in a fresh worker, and a broker that is away
hurts no one.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from typing import cast

import pytest
from pytest_django import Settings
from redis import Redis

from config import celery
from config.task_modules import TASK_MODULES
from tests.support.processes import NOBODY_LISTENS, ROOT
from transparency_log.tasks import settle_organisation

NAMES_OF_A_FRESH_WORKER = (
    "from config.celery import app; app.loader.import_default_modules(); app.finalize(); "
    "print(*app.tasks)"
)

A_FRESH_SENDER = """
import sys
import django
django.setup()
from transparency_log.events import LogEvent
assert "celery" not in sys.modules
{send}
"""
BY_NAME = """
from core.background_tasks import send_task
send_task("transparency_log.settle_organisation", {"organisation_id": "org_nobody"})
"""
BY_TASK = """
from transparency_log.tasks import settle_organisation
settle_organisation.delay(organisation_id="org_nobody")
"""


MANY_TIMES = """
from core.background_tasks import send_task
for number in range(60):
    send_task("tests.sweep", {"number": number}, repeated=True)
    send_task("voices.run_job", {"job_id": number})
"""


class TestTheTasks:
    def test_are_those_of_every_module_named_tasks(self) -> None:
        found = {
            ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for path in ROOT.glob("[a-z]*/**/tasks.py")
        }
        assert set(TASK_MODULES) == found

    def test_of_a_wake_up_by_name_are_known(self) -> None:
        celery.app.loader.import_default_modules()
        named = {
            name
            for path in ROOT.glob("[a-z]*/**/*.py")
            if path.parts[len(ROOT.parts)] not in {"tests", "bench"}
            for name in re.findall(r'send_task\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8"))
        }
        assert named
        assert named <= set(celery.app.tasks)


@pytest.mark.redis
class TestAFreshProcess:
    """A command loads no Celery before it sends; then the message is our app's, in our broker."""

    @pytest.mark.parametrize("send", [BY_NAME, BY_TASK], ids=["by its name", "by the task"])
    def test_sends_through_our_app(self, send: str) -> None:
        url = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/9"  # no worker listens to this one
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": url}
        command = [sys.executable, "-c", A_FRESH_SENDER.replace("{send}", send)]
        with Redis.from_url(url) as broker:
            broker.flushdb()
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
            message = json.loads(cast("bytes", broker.lpop("log")))

        assert message["headers"]["task"] == "transparency_log.settle_organisation"
        assert message["headers"]["kwargsrepr"] == "{'organisation_id': 'org_nobody'}"


class TestTheBeat:
    def test_names_only_tasks_that_a_fresh_worker_knows(self) -> None:
        environment = {**os.environ, "REDIS_URL": ""}
        # The command line of docs/operation.md sets no such variable.
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        command = [sys.executable, "-c", NAMES_OF_A_FRESH_WORKER]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert {task for task, _ in celery.BEAT.values()} - set(done.stdout.split()) == set()

    def test_sends_no_message_with_an_end_which_another_clock_would_judge(self) -> None:
        entries = celery.app.conf.beat_schedule.values()
        assert not any("options" in entry for entry in entries)

    @pytest.mark.parametrize(
        ("task", "queue"),
        [
            ("transparency_log.settle", "log"),
            ("voices.run_job", "speech"),
            ("erasure.carry_due", "work"),
            ("new", "work"),
        ],
    )
    def test_keeps_long_work_out_of_the_way(self, task: str, queue: str) -> None:
        assert celery.app.amqp.router.route({}, task)["queue"].name == queue


class TestABrokerThatIsAway:
    @pytest.fixture(autouse=True)
    def away(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.REDIS_URL = NOBODY_LISTENS
        monkeypatch.setattr(celery.app.conf, "broker_url", NOBODY_LISTENS)
        monkeypatch.setattr(celery.app.amqp, "_producer_pool", None)
        monkeypatch.setattr(celery.app, "_pool", None)

    def test_is_no_error_of_anyone_who_committed_and_no_delay(self) -> None:
        began = time.monotonic()
        settle_organisation.delay(organisation_id="org_nobody")
        assert time.monotonic() - began < 0.1
        assert celery.sender.flush(5)


@pytest.mark.redis
class TestARepeatedMessage:
    """Sweeps send the same again and again, and nobody may carry it out for hours."""

    def test_is_left_out_while_many_wait(self) -> None:
        url = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/10"  # no worker listens to this one
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": url}
        command = [sys.executable, "-c", A_FRESH_SENDER.replace("{send}", MANY_TIMES)]
        with Redis.from_url(url) as broker:
            broker.flushdb()
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
            assert (broker.llen("work"), broker.llen("speech")) == (50, 60)


class TestAWorkersLog:
    def test_is_set_up_by_our_settings_alone(self) -> None:
        before = list(logging.getLogger().handlers)

        celery.app.log.setup_logging_subsystem(loglevel="INFO")

        assert logging.getLogger().handlers == before

    def test_is_silent_about_tasks_that_went_well(self) -> None:
        assert not logging.getLogger("celery.app.trace").isEnabledFor(logging.INFO)
        assert logging.getLogger("celery.app.trace").isEnabledFor(logging.WARNING)

    @pytest.mark.parametrize("name", ["celery.beat", "celery.worker.strategy", "psycopg.pool"])
    def test_is_silent_about_what_happens_five_times_a_second(self, name: str) -> None:
        """L-A6: 228 MB a day of an idle service."""
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
        assert logging.getLogger(name).isEnabledFor(logging.WARNING)

"""The Celery application, its queues and its beat table: one list of background work, whoever
carries it out.
"""

from __future__ import annotations

import logging
import os
from typing import Any, Final

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.result import EagerResult
from celery.signals import setup_logging, worker_init
from django.conf import settings
from kombu.exceptions import OperationalError

from config import embedded_worker
from config.backup import restore_guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
logger = logging.getLogger(__name__)


class SaysoTask(DjangoTask):  # type: ignore[type-arg]  # generic in the stubs alone
    """A task that goes to Celery when there is a broker, else to the worker threads of this
    process.
    """

    abstract = True

    def apply_async(
        self, args: Any = None, kwargs: dict[str, Any] | None = None, *rest: Any, **options: Any
    ) -> Any:
        """Publish; messages carry ids only, and a lost one is found by a sweep."""
        if settings.REDIS_URL:
            return self._publish(args, kwargs, *rest, **options)
        embedded_worker.submit_task(
            self.name, kwargs or {}, countdown=options.get("countdown") or 0
        )
        return EagerResult(self.name, None, "PENDING")

    def _publish(self, *args: Any, **options: Any) -> Any:
        """Send the message.

        A broker that is away is no error of the caller's, whose rows are committed by now.
        """
        try:
            return super().apply_async(*args, **options)
        except OperationalError:
            logger.warning("broker away, message not sent", extra={"task": self.name})
            return EagerResult(self.name, None, "PENDING")


app = Celery("sayso", task_cls=SaysoTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.set_default()

# Workers log as the web server does: Celery sets up nothing of its own once somebody listens here.
setup_logging.connect(lambda **_signal: None, weak=False)

# A worker would serve as much as a web server does.
worker_init.connect(lambda **_signal: restore_guard.refuse_unfinished_restore(), weak=False)

app.conf.task_routes = {
    f"{start}*": {"queue": queue} for start, queue in embedded_worker.ROUTES.items()
}
app.conf.task_default_queue = embedded_worker.COMMON

SWEEP: Final = float(settings.SAYSO_SWEEP_SECONDS)
Beat = dict[str, tuple[str, float]]
BEAT: Final[Beat] = {
    "sequence the log and publish checkpoints": (
        "transparency_log.settle",
        settings.SAYSO_CHECKPOINT_MS / 1000,
    ),
    "end what has run out": ("consent.expire", SWEEP),
    "send signing links": ("consent.deliver_pending", SWEEP),
    "find lost jobs, ended consents, expired voices": ("voices.sweep", SWEEP),
    "carry erasures on": ("erasure.carry_due", SWEEP),
    "have checkpoints cosigned, copied and stamped": ("transparency_log.attest", SWEEP),
    "carry exports on": ("provenance.export_pending", SWEEP),
    "make the fingerprints of new clips": ("provenance.fingerprint_pending", SWEEP),
    "delete old opinions on answers": ("provenance.forget_feedback", 3600.0),
    "end a key epoch that is a month old": ("vault.rotate", 3600.0),
    "forget answers and logins whose time is over": ("accounts.forget", 3600.0),
    "sweep files without a row": ("vault.sweep", 3600.0),
}
# While no worker runs, wake-ups do not pile up: a later one does what an expired one would have
# done.
app.conf.beat_schedule = {
    name: {"task": task, "schedule": every, "options": {"expires": 10 * every}}
    for name, (task, every) in BEAT.items()
}

"""The Celery application, its queues and its beat table.

The embedded worker runs the same list of background tasks.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, cast

from billiard.process import active_children
from celery import Celery, Task
from celery.result import EagerResult
from celery.signals import (
    import_modules,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from kombu import Producer
from kombu.exceptions import OperationalError
from kombu.transport.virtual import Channel

from audio.sandbox import template_client

# Some of the modules below read the settings when they are loaded.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import (
    database_waits,
    embedded_worker,
    message_sender,
    process_protection,
)
from config.backup import restore_guard
from config.task_modules import TASK_MODULES
from core import background_tasks
from core.background_tasks import BackgroundTask
from voices.text_language import detectors

logger = logging.getLogger(__name__)
# So many messages wait in a queue before what is sent again and again is left out.
_MOST_WAITING: Final = 50
WORKING_ON_SOUND: Final = frozenset({"speech", embedded_worker.COMMON})
"""The queues whose tasks read files, speak or encode."""


class SaysoTask(Task):  # type: ignore[type-arg]  # generic in the stubs alone
    """A task whose messages may be lost: a broker that is down is no error."""

    abstract = True

    def apply_async(
        self, args: Any = None, kwargs: dict[str, Any] | None = None, *rest: Any, **options: Any
    ) -> Any:
        """Publish the message of a task, which carries ids only."""
        # When the broker is down, a sweep finds the work by its rows.
        try:
            return super().apply_async(args, kwargs, *rest, **options)
        except OperationalError:
            logger.warning("broker away, message not sent", extra={"task": self.name})
            return EagerResult(self.name, None, "PENDING")


def send_celery_task(name: str, ids: Mapping[str, Any], *, repeated: bool = False) -> None:
    """Wake a task by a message to the broker, or in a worker thread of this process without one.

    The message leaves later, from a thread of its own. A broker that is down is no error of the
    caller, whose rows are committed by now.
    """
    if not settings.REDIS_URL:
        embedded_worker.submit_task(name, dict(ids))
        return

    sender.submit(name, ids, repeated=repeated)


def _publish_message(name: str, ids: Mapping[str, Any], repeated: bool) -> None:  # noqa: FBT001 - as the sender calls
    """Publish one message, but a repeated one only while few wait in its queue."""
    with app.producer_or_acquire(None) as producer:
        if repeated and not has_room(producer, name):
            return

        app.send_task(name, kwargs=dict(ids), ignore_result=True, producer=producer)


def has_room(producer: Producer, task: str) -> bool:
    """Check whether few messages wait in the queue of a task.

    Sweeps ask this, since what they send is sent again. A time at which a message expires would be
    one of the sender's clock, and the worker may have another.
    """
    queue = app.amqp.router.route({}, task)["queue"].name
    channel = cast("Channel", producer.channel)
    return channel._size(queue) < _MOST_WAITING  # noqa: SLF001 - has no public name


sender = message_sender.MessageSender(_publish_message)


def _register_tasks(**_signal: object) -> None:
    """Make a Celery task of every background task, when a worker starts."""
    for module in TASK_MODULES:
        import_module(module)

    for task in background_tasks.list_background_tasks():
        register_task(task)

    # It has a model, as the tasks have.
    import_module("config.sweep_times").listen_for_sweeps(INTERVALS)


def register_task(task: BackgroundTask) -> None:
    """Make a Celery task of one background task."""
    make = cast("Callable[..., object]", app.task(name=task.name, **task.options))
    make(task.function)


app = Celery("sayso", task_cls=SaysoTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()

# After Celery's own listener, which sets Django up.
import_modules.connect(_register_tasks, sender=app)

# Workers log as the web server does: with a listener here, Celery sets up no logging of its own.
setup_logging.connect(lambda **_signal: None, weak=False)

# After an unfinished restore a worker must not start either.
worker_init.connect(lambda **_signal: restore_guard.refuse_unfinished_restore(), weak=False)
worker_init.connect(lambda **_signal: process_protection.protect_process(), weak=False)
worker_init.connect(lambda **_signal: database_waits.bound_waits(in_worker=True), weak=False)


def _start_templates(**_signal: object) -> None:
    """Load what speech needs in a process of the pool, if it is one for work on sound."""
    if not WORKING_ON_SOUND.isdisjoint(app.amqp.queues.consume_from):
        template_client.start_templates()
        detectors.start_detectors()


worker_process_init.connect(_start_templates, weak=False)

# A child of the pool ends without the functions that a process runs at its end.
worker_process_shutdown.connect(lambda **_signal: sender.flush(), weak=False)


def _stop_in_order(*, how: str, **_signal: object) -> None:
    """Have the pool finish what it has in hand, and end it when that takes too long."""
    background_tasks.request_stop()
    if how == "Warm":
        ending = threading.Timer(settings.SAYSO_STOP_SECONDS, _end_pool)
        ending.daemon = True
        ending.start()


def _end_pool() -> None:
    """Kill the processes of the pool. Their leases run out, and another worker takes their rows."""
    logger.warning("stop takes too long, the work in hand is left to others")
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)


worker_shutting_down.connect(_stop_in_order, weak=False)

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
    "check provider accounts": ("voices.sweep_accounts", SWEEP),
    "carry erasures on": ("erasure.carry_due", SWEEP),
    "write tombstones that are missing": ("erasure.complete_tombstones", 3600.0),
    "have checkpoints cosigned, copied and stamped": ("transparency_log.attest", SWEEP),
    "carry exports on": ("provenance.export_pending", SWEEP),
    "make the fingerprints of new clips": ("provenance.fingerprint_pending", SWEEP),
    "delete old opinions on answers": ("provenance.delete_expired_feedback", 3600.0),
    "end a key epoch that is a month old": ("vault.rotate", 3600.0),
    "delete answers and logins whose time is over": ("accounts.delete_expired_records", 3600.0),
    "sweep files without a row": ("vault.sweep", 3600.0),
}
INTERVALS: Final = dict(BEAT.values())
"""The seconds between two of each sweep."""
app.conf.beat_schedule = {
    name: {"task": task, "schedule": every} for name, (task, every) in BEAT.items()
}

"""Background tasks: a named function that a worker carries out when a message wakes it.

The rooms name tasks and send messages, and know nothing of Celery. `config.celery` makes a Celery
task of each, and is loaded with the first message: a command that sends none starts without it.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A function that runs in a worker, with Celery's options for it."""

    name: str
    function: Callable[..., None]
    options: Mapping[str, Any]

    def __call__(self, **ids: Any) -> None:
        """Run the task at once in this process."""
        self.function(**ids)

    def delay(self, **ids: Any) -> None:
        """Queue the task for a worker."""
        send_task(self.name, ids)


_known: Final[dict[str, BackgroundTask]] = {}


def background_task(
    *, name: str, **options: Any
) -> Callable[[Callable[..., None]], BackgroundTask]:
    """Make a background task of a function.

    A task that dies with its worker is delivered again, and its result is kept nowhere: rows are
    the truth. `options` are those of a Celery task.
    """

    def make_task(function: Callable[..., None]) -> BackgroundTask:
        made = BackgroundTask(name, function, {"acks_late": True, "ignore_result": True, **options})
        _known[name] = made
        return made

    return make_task


def list_background_tasks() -> tuple[BackgroundTask, ...]:
    """Return every task of the modules that are loaded."""
    return tuple(_known.values())


def send_task(name: str, ids: Mapping[str, Any], *, repeated: bool = False) -> None:
    """Wake a task by its name, without loading the module that it is in.

    A `repeated` message is one that a sweep sends again and again. It is left out while many wait.
    """
    send = import_string(settings.SAYSO_TASK_SENDER)
    send(name, ids, repeated=repeated)


# A page that a worker shares with the pool that it forks.
_stopping: Final = mmap.mmap(-1, 1)


def request_stop(*, stop: bool = True) -> None:
    """Have the workers of this process and of its children take nothing new, or take work again."""
    _stopping[0] = int(stop)


def is_stopping() -> bool:
    """Return whether this process is to end. What takes one row after another asks before each."""
    return bool(_stopping[0])

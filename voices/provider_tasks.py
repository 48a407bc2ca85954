"""Tasks at providers that only a person can do, from the moment that they are found.

A deletion that no provider confirms waits for its task. What an officer says to be gone is gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.principal import Principal
from core import ids, transactions
from core.background_tasks import send_task
from core.errors import NotFound
from transparency_log import events
from voices.models import ProviderAccount, ProviderTask, TaskKind, TaskState, Voice, VoiceState
from voices.providers.base import Owned

_TODO: Final = {
    TaskKind.REMOVE_VOICE: (
        "Remove this voice at the engine, where it has this id as its name. The deletion is "
        "confirmed then."
    ),
    TaskKind.FIND_ORPHAN: (
        "Look at the provider for a voice with this id as its name, and remove it. Then mark the "
        "task as done: the deletion is confirmed by that."
    ),
    TaskKind.VOICE_VANISHED: (
        "The provider does not show this voice any more. Ask the provider why, then delete the "
        "voice here and make it again from its recordings."
    ),
    TaskKind.REMOVE_CANARY: (
        "Remove this voice at the provider. It is the service's own, and no person's."
    ),
}
_DELETING: Final = (TaskKind.REMOVE_VOICE, TaskKind.FIND_ORPHAN)
"""A deletion waits for these."""


@transactions.opens_transaction
def open_task(
    kind: TaskKind, voice_id: str, *, provider: str, owner: Owned, actor: str, at: datetime
) -> ProviderTask:
    """Return the task about a voice. Of each kind there is one, however often it is found.

    One that was done before its time is open again.
    """
    account = (
        ProviderAccount.objects.in_use()
        .filter(organisation_id=owner.organisation_id, livemode=owner.livemode, provider=provider)
        .first()
    )
    task, is_new = ProviderTask.objects.get_or_create(
        kind=kind,
        voice_id=voice_id,
        defaults={
            "id": ids.new("tsk"),
            "organisation_id": owner.organisation_id,
            "livemode": owner.livemode,
            "provider": provider,
            "account": account,
            "created_at": at,
        },
    )
    again = ProviderTask.objects.filter(id=task.id, state=TaskState.DONE).update(
        state=TaskState.OPEN, done_at=None, done_by=""
    )
    if is_new or again:
        _log_task(task, "provider_task.opened", actor=actor, at=at)

    return task


def list_tasks(principal: Principal) -> QuerySet[ProviderTask]:
    """Return the tasks of the organisation, of live or of test data as the key is."""
    return ProviderTask.objects.filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )


def get_task(task_id: str, *, principal: Principal) -> ProviderTask:
    """Return one task. Raises NotFound."""
    found = list_tasks(principal).filter(id=task_id).first()
    if found is None:
        raise NotFound("There is no such task.")

    return found


@transactions.opens_transaction
def complete_task(task_id: str, *, organisation_id: str, actor: str, at: datetime) -> ProviderTask:
    """Record that a person has done a task, and have the deletion that waits for it go on.

    A task that is done already stays as it is. Raises NotFound.
    """
    mine = ProviderTask.objects.filter(id=task_id, organisation_id=organisation_id)
    done = mine.filter(state=TaskState.OPEN).update(state=TaskState.DONE, done_at=at, done_by=actor)
    task = mine.first()
    if task is None:
        raise NotFound("There is no such task.")

    if done:
        _log_task(task, "provider_task.done", actor=actor, at=at)
        if task.kind in _DELETING:
            # The wait after the last try ends with what somebody has done.
            waiting = Voice.objects.filter(id=task.voice_id, state=VoiceState.REVOKING)
            waiting.update(lease_until=None)
            # The sweep finds the work of a lost message.
            transaction.on_commit(
                lambda: send_task("voices.remove_voice", {"voice_id": task.voice_id}), robust=True
            )

    return task


@transactions.requires_transaction
def close_tasks(voice_id: str, *, actor: str, at: datetime) -> None:
    """Close the open tasks about a voice that is seen to be gone, or that somebody deletes."""
    for task in ProviderTask.objects.filter(voice_id=voice_id, state=TaskState.OPEN):
        ProviderTask.objects.filter(id=task.id).update(
            state=TaskState.DONE, done_at=at, done_by=actor
        )
        _log_task(task, "provider_task.done", actor=actor, at=at)


def describe_task(task: ProviderTask) -> str:
    """Return what a person has to do, as the API and the admin show it."""
    return _TODO[TaskKind(task.kind)]


def is_confirmed_by_person(voice_id: str) -> bool:
    """Return whether a person has said that a voice is not at its provider any more."""
    done = ProviderTask.objects.filter(voice_id=voice_id, kind__in=_DELETING, state=TaskState.DONE)
    return done.exists()


def _log_task(task: ProviderTask, kind: str, *, actor: str, at: datetime) -> None:
    events.append_event(
        organisation_id=task.organisation_id,
        livemode=task.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=None,
        refs={},
        body={
            "task": task.id,
            "kind": task.kind,
            "voice": task.voice_id,
            "provider": task.provider,
        },
    )

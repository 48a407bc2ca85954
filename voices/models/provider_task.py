"""Tasks of an officer: what only a person can do or see at a provider."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from voices.models.provider_account import ProviderAccount


class TaskKind(models.TextChoices):
    """What has to be done.

    `remove_voice`: the engine has no call that removes a voice. `find_orphan`: the provider may
    hold a voice whose id was never written down, and lists none. `voice_vanished`: the provider has
    lost a voice, or deleted it itself. `remove_canary`: a voice of the service's own was left.
    """

    REMOVE_VOICE = "remove_voice"
    FIND_ORPHAN = "find_orphan"
    VOICE_VANISHED = "voice_vanished"
    REMOVE_CANARY = "remove_canary"


class TaskState(models.TextChoices):
    """An open task waits for a person."""

    OPEN = "open"
    DONE = "done"


class ProviderTask(models.Model):
    """A task about one voice at one account.

    `voice_id` is the voice's id here, by which it is named at providers. A task that a deletion
    waits for is `done` when somebody says that the voice is not there.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="tasks", null=True)
    provider = models.CharField(max_length=32, editable=False)
    kind = models.CharField(max_length=16, choices=TaskKind, editable=False)
    voice_id = models.CharField(max_length=30, db_index=True, editable=False)
    state = models.CharField(max_length=8, choices=TaskState, default=TaskState.OPEN)
    created_at = models.DateTimeField(editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    done_by = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                name="provider_task_by_time",
                fields=["organisation", "livemode", "created_at", "id"],
            ),
        ]
        constraints = [
            models.UniqueConstraint(name="provider_task_once", fields=["kind", "voice_id"]),
            models.CheckConstraint(
                name="provider_task_kind_is_known", condition=Q(kind__in=TaskKind.values)
            ),
            models.CheckConstraint(
                name="provider_task_done_by_somebody",
                condition=Q(state=TaskState.OPEN, done_at=None, done_by="")
                | Q(state=TaskState.DONE, done_at__isnull=False) & ~Q(done_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

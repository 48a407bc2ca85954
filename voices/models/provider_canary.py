"""Canaries: runs of one account against the service's own voices, and what each run found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.leases import Leased
from voices.models.provider_account import ProviderAccount


class CanaryState(models.TextChoices):
    """How a run ended. `unfinished` says nothing about the account: the provider was away."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    UNFINISHED = "unfinished"


class CanaryCause(models.TextChoices):
    """Why a run was made."""

    CONNECTED = "connected"
    CHANGED = "changed"
    DAILY = "daily"
    ASKED = "asked"


class ProviderCanary(Leased):
    """One run of the canary: the evidence that an account does what we rely on, or does not.

    Its voices are those of the built-in engine, and no person's. `findings` are the checks with
    their results. `thresholds` are likenesses in thousandths by language, below which speech is not
    that of the voice that was asked for. `characters` is what the run cost. `voices` are references
    and ids at the provider of what this run made and did not see deleted.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="canaries")
    cause = models.CharField(max_length=16, choices=CanaryCause, editable=False)
    is_full = models.BooleanField(editable=False)
    state = models.CharField(max_length=16, choices=CanaryState, default=CanaryState.RUNNING)
    code = models.CharField(max_length=64, blank=True)
    findings = models.JSONField(default=list, editable=False)
    thresholds = models.JSONField(default=dict, editable=False)
    characters = models.PositiveIntegerField(default=0, editable=False)
    voices = models.JSONField(default=list, editable=False)
    started_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(name="canary_by_account", fields=["account", "started_at", "id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="canary_runs_once",
                fields=["account"],
                condition=Q(state=CanaryState.RUNNING),
            ),
            models.CheckConstraint(
                name="canary_state_is_known", condition=Q(state__in=CanaryState.values)
            ),
            models.CheckConstraint(
                name="canary_ends_at_a_time",
                condition=Q(state=CanaryState.RUNNING, finished_at=None)
                | ~Q(state=CanaryState.RUNNING) & Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="canary_that_did_not_pass_says_why",
                condition=Q(state__in=(CanaryState.RUNNING, CanaryState.PASSED)) | ~Q(code=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"

"""Rows of erasures: one request to erase a person, and what happens to each target."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from core import leases
from core.caller_notes import Noted, make_note_indexes
from core.leases import Queued


class ErasureState(models.TextChoices):
    """It runs until every target is confirmed, or kept with a ground."""

    RUNNING = "running"
    COMPLETED = "completed"


class TargetState(models.TextChoices):
    """Requested is not accepted, and accepted is not confirmed: a provider that accepted may still
    hold the voice.
    """

    PLANNED = "planned"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    KEPT = "kept"


SETTLED = (TargetState.CONFIRMED, TargetState.KEPT)


class ErasureQuerySet(models.QuerySet["Erasure"]):
    """Erasures, by whether a worker may continue them."""

    def claimable(self, at: datetime) -> ErasureQuerySet:
        """Return those that are running, due, and under no lease."""
        return self.filter(leases.is_claimable(at), state=ErasureState.RUNNING)


class Erasure(Queued, Noted):
    """A request to erase one speaker. It outlives the person's data: ids, codes and times alone.

    The caller's notes are sealed under the person's key. They go when it is destroyed.

    `answer_by` is the end of the month that the law gives (GDPR Art. 12(3)). `due_at` is when the
    next attempt is due.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    speaker_id = models.CharField(max_length=30, editable=False)
    subject = models.CharField(max_length=30, editable=False)
    reason = models.CharField(max_length=32, editable=False)
    actor = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=16, choices=ErasureState, default=ErasureState.RUNNING)
    created_at = models.DateTimeField(editable=False)
    answer_by = models.DateTimeField(editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    certificate = models.BinaryField(null=True)
    certificate_jws = models.TextField(blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                name="erasure_by_time", fields=["organisation", "livemode", "created_at", "id"]
            ),
            *make_note_indexes("erasure"),
        ]
        constraints = [
            models.UniqueConstraint(name="erasure_once_per_speaker", fields=["speaker_id"]),
            models.CheckConstraint(
                name="erasure_state_is_known", condition=Q(state__in=ErasureState.values)
            ),
            models.CheckConstraint(
                name="erasure_completed_has_a_certificate",
                condition=Q(state="running", completed_at=None, certificate=None)
                | Q(state="completed", completed_at__isnull=False, certificate__isnull=False)
                & ~Q(certificate_jws=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class ErasureTarget(models.Model):
    """One thing to erase: its system, its name, the method and the state.

    A `kept` target always names its legal ground.
    """

    erasure = models.ForeignKey(Erasure, models.CASCADE, related_name="targets")
    position = models.PositiveIntegerField()
    system = models.CharField(max_length=32)
    asset = models.CharField(max_length=64)
    method = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=TargetState, default=TargetState.PLANNED)
    ground = models.CharField(max_length=200, blank=True)
    proof = models.JSONField(default=dict)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="erasure_target_once_per_position", fields=["erasure", "position"]
            ),
            models.UniqueConstraint(
                name="erasure_target_once_per_asset", fields=["erasure", "system", "asset"]
            ),
            models.CheckConstraint(
                name="erasure_target_state_is_known", condition=Q(state__in=TargetState.values)
            ),
            models.CheckConstraint(
                name="erasure_target_kept_names_its_ground",
                condition=~Q(state="kept") | ~Q(ground=""),
            ),
            models.CheckConstraint(
                name="erasure_target_settled_has_a_time",
                condition=Q(state__in=SETTLED, settled_at__isnull=False)
                | (~Q(state__in=SETTLED) & Q(settled_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.asset} ({self.state})"

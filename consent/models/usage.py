"""Rows of quota: what was spent of a grant in each window, and what is reserved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from consent.models.consent import Grant
from consent.models.decision import Decision


class GrantUsage(models.Model):
    """One grant in one quota window.

    Every change is one conditional UPDATE. Its row count tells whether it fitted.
    """

    AMOUNTS: ClassVar = ("characters", "milliseconds", "clips")

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="usage")
    window = models.CharField(max_length=10, editable=False)
    used_characters = models.BigIntegerField(default=0)
    used_milliseconds = models.BigIntegerField(default=0)
    used_clips = models.BigIntegerField(default=0)
    held_characters = models.BigIntegerField(default=0)
    held_clips = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="usage_counts_a_window_once", fields=["grant", "window"]),
            models.CheckConstraint(
                name="usage_never_below_zero",
                condition=Q(
                    used_characters__gte=0,
                    used_milliseconds__gte=0,
                    used_clips__gte=0,
                    held_characters__gte=0,
                    held_clips__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} {self.window}"


class Reservation(models.Model):
    """What one allowed decision reserved.

    It leaves `held` exactly once, to `committed` or `released`.
    """

    class State(models.TextChoices):
        """The state of a reservation."""

        HELD = "held"
        COMMITTED = "committed"
        RELEASED = "released"

    decision = models.OneToOneField(
        Decision, models.PROTECT, primary_key=True, related_name="reservation"
    )
    usage = models.ForeignKey(GrantUsage, models.PROTECT, related_name="reservations")
    characters = models.BigIntegerField(editable=False)
    clips = models.PositiveSmallIntegerField(editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.HELD)
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        indexes = [models.Index(fields=["state", "expires_at"], name="reservation_by_end")]
        constraints = [
            models.CheckConstraint(
                name="reservation_state_is_known",
                condition=Q(state__in=["held", "committed", "released"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.state}"

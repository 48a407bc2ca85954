"""Rows of decisions: every answer of the gate, with the facts that it rested on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Organisation
from consent.models.consent import Consent, Grant
from core.caller_notes import Noted, make_note_indexes


class Decision(Noted):
    """One answer of the gate. A `preview` answers a question and uses nothing.

    Notes are those of a question. What was allowed for a clip has its notes beside the clip.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    preview = models.BooleanField(editable=False)
    allowed = models.BooleanField(editable=False)
    actor = models.CharField(max_length=64, editable=False)
    consent = models.ForeignKey(
        Consent, models.PROTECT, null=True, related_name="decisions", editable=False
    )
    grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, related_name="decisions", editable=False
    )
    voice_id = models.CharField(max_length=30, blank=True, editable=False)
    epoch = models.PositiveIntegerField(null=True, editable=False)
    record_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    ask = models.JSONField(editable=False)
    reasons = models.JSONField(default=list, editable=False)
    policy_version = models.CharField(max_length=32, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "livemode", "id"], name="decision_by_organisation"
            ),
            models.Index(
                fields=["organisation", "livemode", "created_at", "id"], name="decision_by_time"
            ),
            models.Index(
                fields=["organisation", "livemode", "created_at", "id"],
                name="decision_refused_by_time",
                condition=Q(allowed=False),
            ),
            *make_note_indexes("decision"),
        ]
        constraints = [
            models.CheckConstraint(
                name="decision_allowed_by_one_grant",
                condition=Q(allowed=False, grant=None)
                | Q(
                    allowed=True,
                    grant__isnull=False,
                    consent__isnull=False,
                    epoch__isnull=False,
                    reasons=[],
                ),
            ),
            models.CheckConstraint(
                name="decision_refused_for_a_reason", condition=Q(allowed=True) | ~Q(reasons=[])
            ),
        ]

    def __str__(self) -> str:
        return self.id

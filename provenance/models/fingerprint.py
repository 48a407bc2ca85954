"""Fingerprints of clips: sealed under the key of the person who speaks, with a blind index to find
candidates by.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.leases import Queued


class FingerprintMethod(models.TextChoices):
    """What a fingerprint is made of: words of whole clips, or those of short lines."""

    WHOLE = "whole"
    LINE = "line"


class Fingerprint(Queued):
    """The fingerprint of one issued clip.

    The row is made with the clip and is the order to compute it.

    `sealed` opens with the person's key alone. `under` names the key of the index that its terms
    were made with, and is empty until there are any. `attempts_before` is the value of `attempt`
    when the fingerprint was last made: the attempts until then are no failures. An erasure deletes
    the row with its terms.
    """

    id = models.BigAutoField(primary_key=True)
    clip = models.OneToOneField("provenance.Clip", models.PROTECT, related_name="+")
    subject = models.CharField(max_length=30, db_index=True, editable=False)
    method = models.CharField(
        max_length=8,
        choices=FingerprintMethod,
        default=FingerprintMethod.WHOLE,
        editable=False,
    )
    sealed = models.BinaryField(null=True)
    words = models.PositiveIntegerField(default=0)
    under = models.CharField(max_length=16, blank=True)
    attempts_before = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(name="fingerprint_to_index", fields=["under", "due_at"])]
        constraints = [
            models.CheckConstraint(name="fingerprint_leads_to_a_person", condition=~Q(subject="")),
            models.CheckConstraint(
                name="fingerprint_method_is_known",
                condition=Q(method__in=FingerprintMethod.values),
            ),
            models.CheckConstraint(
                name="fingerprint_sealed_when_indexed",
                condition=Q(under="") | Q(sealed__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"fingerprint of {self.clip_id}"


class FingerprintTerm(models.Model):
    """One word of a fingerprint as the index knows it: a keyed hash of 32 bits, and where in the
    clip it stands.
    """

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.ForeignKey(Fingerprint, models.CASCADE, related_name="terms")
    term = models.IntegerField()
    place = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(name="fingerprint_by_term", fields=["term"])]

    def __str__(self) -> str:
        return f"term {self.place} of {self.fingerprint_id}"

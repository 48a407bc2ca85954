"""Rows of the attestations: which attestors are asked about a log, and what they answered.

There are no foreign keys, as in the log. Triggers make attestations append-only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.leases import Queued
from transparency_log.models.log import ID_LENGTH

TARGET_LENGTH = 400


class AttestationKind(models.TextChoices):
    """Who is asked: a witness to cosign, a store to keep a copy, an authority to stamp the time."""

    WITNESS = "witness"
    COPY = "copy"
    STAMP = "stamp"


class AttestationTask(Queued):
    """One attestor that is asked about one log again and again. The row is the queue.

    `target` is the witness's verifier key, or the URL of the store or authority. `size` is the
    newest tree size that the attestor has vouched for, 0 at first. `code` says why the last attempt
    failed, `failures` how many failed in a row.
    """

    kind = models.CharField(max_length=16, choices=AttestationKind, editable=False)
    target = models.CharField(max_length=TARGET_LENGTH, editable=False)
    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    origin = models.CharField(max_length=310, editable=False)
    size = models.BigIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    code = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(name="errand_to_run", fields=["kind", "due_at"])]
        constraints = [
            models.UniqueConstraint(name="errand_once_a_log", fields=["kind", "target", "origin"]),
            models.CheckConstraint(
                name="errand_kind_is_known", condition=Q(kind__in=AttestationKind.values)
            ),
            models.CheckConstraint(name="errand_size_not_negative", condition=Q(size__gte=0)),
            models.CheckConstraint(
                name="errand_failed_says_why",
                condition=Q(failures=0, code="") | (Q(failures__gt=0) & ~Q(code="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.origin}"


class Attestation(models.Model):
    """An attestor's verified answer about one checkpoint, as exact bytes.

    A cosignature: `answer` is the signature line. A copy: `answer` is the name in the store. A
    stamp: `request` and `answer` are the DER of RFC 3161.
    """

    kind = models.CharField(max_length=16, choices=AttestationKind, editable=False)
    target = models.CharField(max_length=TARGET_LENGTH, editable=False)
    organisation_id = models.CharField(max_length=ID_LENGTH, editable=False)
    size = models.BigIntegerField(editable=False)
    request = models.BinaryField(editable=False)
    answer = models.BinaryField(editable=False)
    at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name_plural = "attestations"
        constraints = [
            models.UniqueConstraint(
                name="attestation_once_a_checkpoint",
                fields=["organisation_id", "size", "kind", "target"],
            ),
            models.CheckConstraint(
                name="attestation_kind_is_known", condition=Q(kind__in=AttestationKind.values)
            ),
            models.CheckConstraint(name="attestation_of_something", condition=Q(size__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.organisation_id} at {self.size}"

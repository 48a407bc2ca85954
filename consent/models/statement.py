"""Rows of statements: a person's spoken consent in the words that a provider wants."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from consent.models.consent import Consent


class ProviderStatement(models.Model):
    """A recording of the sentence that a provider wants spoken, given beside a consent.

    `sha256` is that of the recording, and the log has it. The recording lies in the vault under the
    person's key as `blob`, and `sealed` holds what the caller calls it. Both are empty once the
    statement is withdrawn or the person erased.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="statements")
    provider = models.CharField(max_length=32, editable=False)
    language = models.CharField(max_length=64, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    blob = models.CharField(max_length=30, blank=True, editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="statement_once_a_provider",
                fields=["consent", "provider", "sha256"],
                condition=Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="statement_has_a_hash", condition=~Q(sha256="") & ~Q(provider="")
            ),
            models.CheckConstraint(
                name="statement_withdrawn_keeps_nothing",
                condition=Q(withdrawn_at=None)
                | Q(blob="", sealed=None, withdrawn_at__gte=F("created_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} for {self.provider}"

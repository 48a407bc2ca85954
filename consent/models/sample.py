"""Rows that identify a bound recording by its sound."""

from __future__ import annotations

from django.db import models

from accounts.models import Organisation
from consent.models.consent import Consent


class SampleRegister(models.Model):
    """A row to lock while a recording is added: one for live and one for test data.

    Two people cannot bind one recording at the same time. The second waits here, and then finds it.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="sample_register_once", fields=["organisation", "livemode"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {'live' if self.livemode else 'test'}"


class SampleFingerprint(models.Model):
    """The acoustic fingerprint of one bound recording, sealed under the speaker's key.

    `pcm_sha256` is the hash of the decoded samples, so it stays the same in another container. An
    erasure deletes the row with its terms.
    """

    id = models.BigAutoField(primary_key=True)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="sample_fingerprints")
    subject = models.CharField(max_length=40, db_index=True, editable=False)
    pcm_sha256 = models.CharField(max_length=64, db_index=True, editable=False)
    sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="sample_fingerprint_once", fields=["consent", "pcm_sha256"]
            ),
        ]

    def __str__(self) -> str:
        return f"fingerprint of a recording of {self.consent_id}"


class SampleFingerprintTerm(models.Model):
    """One value of a fingerprint in the blind index: a keyed hash of 32 bits, and its frame."""

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.ForeignKey(SampleFingerprint, models.CASCADE, related_name="terms")
    term = models.IntegerField()
    place = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(name="sample_fingerprint_by_term", fields=["term"])]

    def __str__(self) -> str:
        return f"term {self.place} of {self.fingerprint_id}"

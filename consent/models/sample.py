"""How a recording that a consent is bound to is known again by its sound."""

from __future__ import annotations

from django.db import models

from accounts.models import Organisation
from consent.models.consent import Consent


class SampleRegister(models.Model):
    """One row for the live and one for the test recordings of an organisation, to lock while one is
    added.

    Two people cannot bind one recording at the same time: the second waits here, and then finds it.
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
    """The acoustic fingerprint of one bound recording, sealed under the key of the person who
    speaks in it.

    `pcm_sha256` is that of the decoded samples, so that it stays the same when a file is only
    wrapped in another way. An erasure deletes the row with its terms.
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
    """One value of a fingerprint as the blind index knows it: a keyed hash of 32 bits, and in which
    frame it stands.
    """

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.ForeignKey(SampleFingerprint, models.CASCADE, related_name="terms")
    term = models.IntegerField()
    place = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(name="sample_fingerprint_by_term", fields=["term"])]

    def __str__(self) -> str:
        return f"term {self.place} of {self.fingerprint_id}"

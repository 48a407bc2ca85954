"""Rows of the vault: subjects and their wrapped keys, KEK versions, blobs, signing keys.

No secrets.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class KekState(models.TextChoices):
    """The life of a key-encryption key.

    Subjects are moved off a retiring one before it is destroyed.
    """

    CURRENT = "current"
    RETIRING = "retiring"
    DESTROYED = "destroyed"


class Kek(models.Model):
    """A KEK version: one key-encryption key in the KMS, named by `kms_name`.

    The key itself is never in the database.
    """

    epoch = models.BigAutoField(primary_key=True)
    kms_name = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=16, choices=KekState, editable=False)
    created_at = models.DateTimeField(editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    destroyed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="kek_retired_has_a_time",
                condition=Q(state="current", retired_at=None)
                | (~Q(state="current") & Q(retired_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="kek_state_is_known", condition=Q(state__in=KekState.values)
            ),
            models.CheckConstraint(
                name="kek_destroyed_has_a_time",
                condition=Q(state="destroyed", destroyed_at__isnull=False)
                | (~Q(state="destroyed") & Q(destroyed_at=None)),
            ),
            models.UniqueConstraint(
                name="kek_only_one_is_current", fields=["state"], condition=Q(state="current")
            ),
        ]

    def __str__(self) -> str:
        return f"epoch {self.epoch} ({self.state})"


class SubjectKind(models.TextChoices):
    """The kind of owner of a key."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Subject(models.Model):
    """One key holder: a person, or an organisation for what concerns no person.

    The row holds the wrapped key until it is destroyed. The organisation is named by its id alone,
    because the row outlives all rows that could cascade into it.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    kind = models.CharField(max_length=16, choices=SubjectKind, editable=False)
    organisation_id = models.CharField(max_length=30, db_index=True, editable=False)
    kek = models.ForeignKey(Kek, models.PROTECT, related_name="+", editable=False)
    wrapped_key = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    destroyed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="subject_kind_is_known", condition=Q(kind__in=SubjectKind.values)
            ),
            models.CheckConstraint(
                name="subject_destroyed_means_no_key",
                condition=Q(wrapped_key=None, destroyed_at__isnull=False)
                | Q(wrapped_key__isnull=False, destroyed_at=None),
            ),
            models.UniqueConstraint(
                name="subject_one_per_organisation",
                fields=["organisation_id"],
                condition=Q(kind="organisation"),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Blob(models.Model):
    """An encrypted file in the object store.

    The row decides: a file without a row is an orphan and is swept.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", editable=False)
    kind = models.CharField(max_length=32, editable=False)
    size = models.BigIntegerField(editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="blob_size_not_negative", condition=Q(size__gte=0))
        ]

    def __str__(self) -> str:
        return self.id


class SigningPurpose(models.TextChoices):
    """What a signing key may sign. One key never signs two kinds of document."""

    RECORDS = "records"
    LOG = "log"
    CERTIFICATES = "certificates"
    EXPORTS = "exports"
    RECEIPTS = "receipts"
    RECEIPTS_MLDSA44 = "receipts-mldsa44"


class SigningKey(models.Model):
    """A signing key of an organisation for one purpose: Ed25519, or ML-DSA-44 for its own purpose.

    `handle` is what the KMS needs to sign: wrapped, no secret. The key is valid in the half-open
    period [valid_from, valid_until). Rotation ends the old key after an overlap and adds one.
    """

    key_id = models.CharField(primary_key=True, max_length=40, editable=False)
    organisation_id = models.CharField(max_length=30, editable=False)
    purpose = models.CharField(max_length=16, choices=SigningPurpose, editable=False)
    public_key = models.BinaryField(editable=False)
    handle = models.BinaryField(editable=False)
    valid_from = models.DateTimeField(editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [models.Index(name="signing_key_by_owner", fields=["organisation_id", "purpose"])]
        constraints = [
            models.CheckConstraint(
                name="signing_key_purpose_is_known", condition=Q(purpose__in=SigningPurpose.values)
            ),
            models.CheckConstraint(
                name="signing_key_period_not_empty",
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
            ),
            models.UniqueConstraint(
                name="signing_key_only_one_without_end",
                fields=["organisation_id", "purpose"],
                condition=Q(valid_until=None),
            ),
        ]

    def __str__(self) -> str:
        return self.key_id

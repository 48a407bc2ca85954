"""Rows of deliveries: how a signing link was sent, and what the server that took it answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from consent.models.consent import Consent, Evidence
from core.leases import Queued


class Delivery(Queued):
    """One link on its way to one address. The row is the queue.

    `sealed` holds the address under the person's key. `link_sha256` names the link, so that a proof
    of one link never vouches for another. `controller` means that the organisation got the link,
    `test` that a test answer showed it.
    """

    class Channel(models.TextChoices):
        """The way by which the link is sent."""

        MAIL = "mail"
        MESSAGE = "message"
        CONTROLLER = "controller"
        TEST = "test"

    class State(models.TextChoices):
        """Whether the link has been sent."""

        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="deliveries", editable=False)
    channel = models.CharField(max_length=16, choices=Channel, editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    link_sha256 = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED, editable=False)
    code = models.CharField(max_length=40, blank=True, editable=False)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["due_at"], name="delivery_by_due_time", condition=Q(state="queued")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="delivery_channel_is_known",
                condition=Q(channel__in=["mail", "message", "controller", "test"]),
            ),
            models.CheckConstraint(
                name="delivery_state_is_known", condition=Q(state__in=["queued", "sent", "failed"])
            ),
            models.CheckConstraint(
                name="delivery_settled_at_a_time",
                condition=Q(state="queued", settled_at=None)
                | ~Q(state="queued") & Q(settled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_sent_by_us_has_proof",
                condition=Q(channel__in=["controller", "test"])
                | ~Q(state="sent")
                | Q(evidence__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_failed_for_a_reason", condition=~Q(state="failed") | ~Q(code="")
            ),
            models.UniqueConstraint(
                name="delivery_queued_once", fields=["consent"], condition=Q(state="queued")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.consent_id}"


class ImportedConsent(models.Model):
    """A consent that was given elsewhere and entered here.

    It counts once a second person has approved it.
    """

    consent = models.OneToOneField(
        Consent, models.PROTECT, primary_key=True, related_name="imported", editable=False
    )
    imported_by = models.CharField(max_length=64, editable=False)
    imported_at = models.DateTimeField(editable=False)
    approved_by = models.CharField(max_length=64, blank=True, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="import_made_by_a_person", condition=~Q(imported_by="")),
            models.CheckConstraint(
                name="import_approved_at_a_time",
                condition=Q(approved_by="", approved_at=None)
                | ~Q(approved_by="")
                & Q(approved_at__isnull=False, approved_at__gte=models.F("imported_at")),
            ),
            models.CheckConstraint(
                name="import_approved_by_a_second_person",
                condition=~Q(approved_by=models.F("imported_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"import of {self.consent_id}"

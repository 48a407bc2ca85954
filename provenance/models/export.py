"""Exports: a request for a bundle, how far it is, and where its bytes lie until they expire."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from core import leases
from core.caller_notes import Noted, make_note_indexes
from core.leases import Queued


class ExportState(models.TextChoices):
    """The states of an export. Queued and running become ready or failed. A ready export expires,
    and its bytes are deleted.
    """

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


UNSETTLED = (ExportState.QUEUED, ExportState.RUNNING)
SETTLED = (ExportState.READY, ExportState.FAILED, ExportState.EXPIRED)


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports by what may happen to them."""

    def of(self, organisation_id: str, *, livemode: bool) -> ExportQuerySet:
        """Return the exports of one organisation, either of its live or of its test data."""
        return self.filter(organisation_id=organisation_id, livemode=livemode)

    def claimable(self, at: datetime) -> ExportQuerySet:
        """Return the exports that wait or run, are due, and are under no lease."""
        return self.filter(leases.is_claimable(at), state__in=UNSETTLED)


class Export(Queued, Noted):
    """A bundle that a caller asked for.

    `words` says whether an audit bundle opens the words of intended uses, which may name people.

    `begun_anew` counts the attempts that an erasure took back. They are no failures.

    The period [from_at, to_at) may be open on either side. The bytes lie in the vault under the
    organisation's own key.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    kind = models.CharField(max_length=16, editable=False)
    from_at = models.DateTimeField(null=True, editable=False)
    to_at = models.DateTimeField(null=True, editable=False)
    speaker_id = models.CharField(max_length=30, blank=True, editable=False)
    words = models.BooleanField(default=True, editable=False)
    actor = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)

    state = models.CharField(max_length=16, choices=ExportState, default=ExportState.QUEUED)
    begun_anew = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    code = models.CharField(max_length=64, blank=True)
    blob_id = models.CharField(max_length=30, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    log_size = models.PositiveBigIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="export_to_take", fields=["state", "lease_until"]),
            models.Index(
                name="export_by_time", fields=["organisation", "livemode", "created_at", "id"]
            ),
            *make_note_indexes("export"),
        ]
        constraints = [
            models.CheckConstraint(
                name="export_state_is_known", condition=Q(state__in=ExportState.values)
            ),
            models.CheckConstraint(
                name="export_kind_is_known",
                condition=Q(kind__in=["audit", "speaker", "ropa", "usage"]),
            ),
            models.CheckConstraint(
                name="export_speaker_only_in_their_own",
                condition=Q(kind="speaker") & ~Q(speaker_id="")
                | ~Q(kind="speaker") & Q(speaker_id=""),
            ),
            models.CheckConstraint(
                name="export_period_not_empty",
                condition=Q(from_at=None) | Q(to_at=None) | Q(to_at__gt=F("from_at")),
            ),
            models.CheckConstraint(
                # While it waits for another attempt, a running one has a time and no lease.
                name="export_running_is_held_or_due",
                condition=Q(state="running")
                & (Q(lease_until__isnull=False) | Q(due_at__isnull=False))
                | ~Q(state="running") & Q(lease_until=None),
            ),
            models.CheckConstraint(
                name="export_only_a_ready_one_has_bytes",
                condition=Q(state="ready", expires_at__isnull=False)
                & ~Q(blob_id="")
                & ~Q(sha256="")
                | ~Q(state="ready") & Q(blob_id=""),
            ),
            models.CheckConstraint(
                name="export_failed_says_why", condition=~Q(state="failed") | ~Q(code="")
            ),
            models.CheckConstraint(
                name="export_settled_has_a_time",
                condition=Q(state__in=SETTLED, finished_at__isnull=False)
                | ~Q(state__in=SETTLED) & Q(finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.state})"

    @property
    def opens_people(self) -> bool:
        """Whether the bundle names people. Only members and keys that may open people may then have
        it.
        """
        return self.kind == "speaker" or (self.kind == "audit" and self.words)

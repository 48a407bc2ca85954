"""Rows of speakers, their representatives, holds and corrections."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from core.caller_notes import Noted, make_note_indexes


class Speaker(Noted):
    """A person, known here by a random id.

    Name, address and country are sealed under the person's own key. `subject` names that key in the
    vault. When it is destroyed, `sealed` can never be read again. `email_index` is a keyed hash of
    the address. It finds a person, and no list of addresses leads back from it.
    """

    class Kind(models.TextChoices):
        """The kind of person. All but an adult need a verified representative."""

        ADULT = "adult"
        MINOR = "minor"
        ESTATE = "estate"
        EMPLOYEE = "employee"
        PERFORMER = "performer"

    class State(models.TextChoices):
        """Frozen: nothing new may be asked or allowed. Erased: only the id is left."""

        ACTIVE = "active"
        FROZEN = "frozen"
        ERASED = "erased"

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.ADULT)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    subject = models.CharField(max_length=40, unique=True, editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    email_index = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    created_at = models.DateTimeField(editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "livemode", "id"], name="speaker_by_organisation"),
            models.Index(
                fields=["organisation", "livemode", "created_at", "id"], name="speaker_by_time"
            ),
            *make_note_indexes("speaker"),
        ]
        constraints = [
            models.CheckConstraint(
                name="speaker_kind_is_known",
                condition=Q(kind__in=["adult", "minor", "estate", "employee", "performer"]),
            ),
            models.CheckConstraint(
                name="speaker_state_is_known", condition=Q(state__in=["active", "frozen", "erased"])
            ),
            models.CheckConstraint(
                name="speaker_erased_keeps_nothing_personal",
                condition=Q(erased_at=None, sealed__isnull=False) & ~Q(state="erased")
                | Q(
                    erased_at__isnull=False,
                    state="erased",
                    sealed=None,
                    email_index="",
                    sealed_notes=None,
                )
                & Q(external_index="", metadata_index=None),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Representative(models.Model):
    """A person who may act for a speaker: guardian, estate, agent, counsel, union.

    It counts only once verified.
    """

    class Kind(models.TextChoices):
        """The role in which a representative acts."""

        GUARDIAN = "guardian"
        ESTATE = "estate"
        AGENT = "agent"
        COUNSEL = "counsel"
        UNION = "union"

    speaker = models.ForeignKey(Speaker, models.PROTECT, related_name="representatives")
    kind = models.CharField(max_length=16, choices=Kind)
    sealed = models.BinaryField(null=True, editable=False)
    verified_at = models.DateTimeField(null=True, editable=False)
    verified_by = models.CharField(max_length=64, blank=True, editable=False)
    valid_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="representative_kind_is_known",
                condition=Q(kind__in=["guardian", "estate", "agent", "counsel", "union"]),
            ),
            models.CheckConstraint(
                name="representative_verified_has_verifier",
                condition=Q(verified_at=None, verified_by="")
                | Q(verified_at__isnull=False) & ~Q(verified_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.speaker_id}"


class Hold(models.Model):
    """A stop on a speaker: a dispute or a legal claim.

    During a hold the gate denies everything.
    """

    speaker = models.ForeignKey(Speaker, models.PROTECT, related_name="holds")
    ground = models.CharField(max_length=32)
    placed_at = models.DateTimeField(editable=False)
    placed_by = models.CharField(max_length=64, editable=False)
    lifted_at = models.DateTimeField(null=True, editable=False)
    lifted_by = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="hold_stands_once_a_ground",
                fields=["speaker", "ground"],
                condition=Q(lifted_at=None),
            ),
            models.CheckConstraint(
                name="hold_lifted_has_actor",
                condition=Q(lifted_at=None, lifted_by="")
                | Q(lifted_at__gte=F("placed_at")) & ~Q(lifted_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ground} on {self.speaker_id}"


class Correction(models.Model):
    """A change of a signed person's name, address or country, sealed under their key.

    It holds the old and the new values. It never changes (a trigger ensures it), but `sealed` is
    emptied by an erasure.
    """

    speaker = models.ForeignKey(Speaker, models.PROTECT, related_name="corrections", editable=False)
    fields = models.JSONField(editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    actor = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="correction_has_actor", condition=~Q(actor="")),
        ]

    def __str__(self) -> str:
        return f"correction of {self.speaker_id}"

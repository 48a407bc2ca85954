"""Voices and the samples they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import models
from django.db.models import Q

from core.caller_notes import Noted, make_note_indexes
from core.leases import Leased


class VoiceState(models.TextChoices):
    """The states of a voice, as the API names them."""

    CHECKING = "checking"
    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"
    REVOKING = "revoking"
    DELETED = "deleted"


# The changes of state that are allowed. Each is a conditional UPDATE on the states that lead to the
# new one.
MOVES: Final[Mapping[VoiceState, frozenset[VoiceState]]] = {
    VoiceState.CHECKING: frozenset({VoiceState.TRAINING, VoiceState.FAILED, VoiceState.REVOKING}),
    VoiceState.TRAINING: frozenset(
        {VoiceState.CHECKING, VoiceState.READY, VoiceState.FAILED, VoiceState.REVOKING}
    ),
    VoiceState.READY: frozenset({VoiceState.EXPIRED, VoiceState.REVOKING}),
    VoiceState.FAILED: frozenset({VoiceState.REVOKING}),
    VoiceState.EXPIRED: frozenset({VoiceState.REVOKING}),
    VoiceState.REVOKING: frozenset({VoiceState.DELETED}),
    VoiceState.DELETED: frozenset(),
}
LIVE: Final = tuple(state for state in VoiceState if VoiceState.REVOKING in MOVES[state])
ENDING: Final = (VoiceState.REVOKING, VoiceState.DELETED)


class DeletionProof(models.TextChoices):
    """By what a voice was seen to be gone from its provider."""

    OURS = "ours"
    SHOWN_MISSING = "shown_missing"
    NOT_LISTED = "not_listed"
    DELETED_TWICE = "deleted_twice"
    NEVER_ASKED = "never_asked"
    SEEN_BY_PERSON = "seen_by_person"


class VoiceQuerySet(models.QuerySet["Voice"]):
    """Queries for voices by what may still happen to them."""

    def that_may_become(self, state: VoiceState) -> VoiceQuerySet:
        """Return the voices whose present state leads to `state`."""
        return self.filter(state__in=[before for before, after in MOVES.items() if state in after])

    def live(self) -> VoiceQuerySet:
        """Return the voices whose deletion has not begun."""
        return self.filter(state__in=LIVE)


class Voice(Noted, Leased):
    """A cloned voice, with the consent it rests on, its provider and its state.

    What could name a person or imitate one (label, handle at the provider, profile, samples) is
    sealed under the speaker's key, and deleted with the voice. `report` is what its checks found.
    `sealed_embedding` holds the numbers of its samples, with which a provider's speech is compared.
    `repeat_key` is the hash of a call that makes one voice however often it comes.
    `asked_at` is when another provider was asked to make it. `preset` is the engine's own name of a
    stock voice, which is nobody's clone.

    Two clocks end a voice: its provider's (`provider_expires_at`, real time) and its consent's.
    `warned_of_end` is the end of which people have been told.

    `deletion_asked_at` is set before its provider is asked to delete it, `deletion_accepted_at`
    when the provider has said yes, and `deletion_proof` says by what it was seen to be gone.
    `deletion_overdue_at` is when people were told that it is not.
    """

    # `consent_id` is no relation: a foreign key would lock the consent's row with every insert, and
    # that lock belongs to the gate.
    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    consent_id = models.CharField(max_length=30, db_index=True)
    speaker_id = models.CharField(max_length=30, db_index=True)
    subject = models.CharField(max_length=30, db_index=True)
    decision_id = models.CharField(max_length=30)
    binding_mac = models.CharField(max_length=64, blank=True, default="", editable=False)
    provider = models.CharField(max_length=32)
    language = models.CharField(max_length=64)
    use_case = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=VoiceState, default=VoiceState.TRAINING)
    code = models.CharField(max_length=64, blank=True)
    sealed_label = models.BinaryField(null=True)
    sealed_handle = models.BinaryField(null=True)
    sealed_embedding = models.BinaryField(null=True)
    profile_blob_id = models.CharField(max_length=30, blank=True)
    report = models.JSONField(default=dict, editable=False)
    in_background = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(editable=False)
    ready_at = models.DateTimeField(null=True, editable=False)
    provider_expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True, editable=False)
    asked_at = models.DateTimeField(null=True, editable=False)
    warned_of_end = models.DateTimeField(null=True, editable=False)
    deletion_asked_at = models.DateTimeField(null=True, editable=False)
    deletion_accepted_at = models.DateTimeField(null=True, editable=False)
    deletion_overdue_at = models.DateTimeField(null=True, editable=False)
    deletion_proof = models.CharField(
        max_length=16, choices=DeletionProof, blank=True, default="", editable=False
    )
    preset = models.CharField(max_length=120, blank=True, default="", editable=False)
    repeat_key = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects = VoiceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="voice_by_state", fields=["state", "lease_until"]),
            models.Index(
                name="voice_by_time", fields=["organisation", "livemode", "created_at", "id"]
            ),
            *make_note_indexes("voice"),
        ]
        constraints = [
            models.CheckConstraint(
                name="voice_state_is_known", condition=Q(state__in=VoiceState.values)
            ),
            models.UniqueConstraint(
                name="voice_once_for_a_repeated_call",
                fields=["organisation", "livemode", "repeat_key"],
                condition=~Q(repeat_key="")
                & Q(state__in=(VoiceState.CHECKING, VoiceState.TRAINING, VoiceState.READY)),
            ),
            models.CheckConstraint(
                name="voice_ready_can_speak",
                condition=~Q(state=VoiceState.READY)
                | (
                    Q(ready_at__isnull=False)
                    & (~Q(profile_blob_id="") | Q(sealed_handle__isnull=False))
                ),
            ),
            models.CheckConstraint(
                name="voice_deleted_keeps_nothing",
                condition=~Q(state=VoiceState.DELETED)
                | Q(
                    sealed_label=None,
                    sealed_handle=None,
                    sealed_embedding=None,
                    profile_blob_id="",
                    sealed_notes=None,
                    external_index="",
                    metadata_index=None,
                    deleted_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="voice_deletion_is_asked_before_it_is_accepted",
                condition=Q(deletion_accepted_at=None) | Q(deletion_asked_at__isnull=False),
            ),
            models.CheckConstraint(
                name="voice_deletion_proof_is_known",
                condition=Q(deletion_proof="") | Q(deletion_proof__in=DeletionProof.values),
            ),
            models.CheckConstraint(
                name="voice_failed_says_why", condition=~Q(state=VoiceState.FAILED) | ~Q(code="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class RecordingReview(Voice):
    """A voice whose recordings wait for a person, on pages of its own. It is the same row."""

    class Meta:
        proxy = True
        verbose_name = "voice with recordings to review"
        verbose_name_plural = "recordings to review"


class Sample(models.Model):
    """One recording that a voice was made from.

    `blob_id` names its bytes, and `report` is what the checks found.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    voice = models.ForeignKey(Voice, models.PROTECT, related_name="samples")
    position = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    blob_id = models.CharField(max_length=30)
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sample_once_per_position", fields=["voice", "position"]),
            models.UniqueConstraint(name="sample_once_per_voice", fields=["voice", "sha256"]),
            models.CheckConstraint(
                name="sample_has_bytes", condition=~Q(blob_id="") & ~Q(sha256="")
            ),
        ]

    def __str__(self) -> str:
        return self.id

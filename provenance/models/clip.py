"""Clips, the keys that they are marked with, and the sounds that share a token.

The tables hold no personal data in the clear.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.caller_notes import Noted, make_note_indexes


class ClipState(models.TextChoices):
    """The states of a clip.

    `making` is the intent, which is stored before a provider is asked. The others are what became
    of it. An aborted clip with a size is a stream that was broken off after that many bytes. A held
    one was spoken by another voice than that asked for: its sound is kept nowhere.
    """

    MAKING = "making"
    ISSUED = "issued"
    ABORTED = "aborted"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class ManifestMode(models.TextChoices):
    """Where a clip's C2PA manifest is: in its bytes, beside them, or nowhere."""

    EMBEDDED = "embedded"
    SIDECAR = "sidecar"
    NONE = "none"


LEFT = (ClipState.ISSUED, ClipState.WITHDRAWN, ClipState.ERASED)


class ClipQuerySet(models.QuerySet["Clip"]):
    """Queries for clips that were delivered."""

    def delivered_in_full(self) -> ClipQuerySet:
        """Return the clips that were delivered whole, whatever became of them later."""
        return self.filter(state__in=LEFT)

    def delivered_in_any_part(self) -> ClipQuerySet:
        """Return the clips that were delivered, whole or as the beginning of a stream."""
        return self.filter(Q(state__in=LEFT) | Q(state=ClipState.ABORTED, size__gt=0))


class Clip(Noted):
    """One piece of made speech.

    `provenance.clips.clip_reservation` makes the row before the provider is asked. It is never
    deleted.

    Consent, decision, grant and voice are ids and not relations: their tables belong to packages
    above, and this row outlives them. `subject` is the speaker's subject in the vault. An erasure
    empties it, so that the hashes lead to no person. `manifest_blob_id` names the blob that holds
    the C2PA manifest. For an embedded one it is the clip's own blob, from `manifest_offset` on.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    state = models.CharField(max_length=16, choices=ClipState, default=ClipState.MAKING)
    code = models.CharField(max_length=64, blank=True)

    subject = models.CharField(max_length=30, blank=True, db_index=True)
    consent_id = models.CharField(max_length=30)
    grant_id = models.CharField(max_length=30)
    decision_id = models.CharField(max_length=30, unique=True)
    voice_id = models.CharField(max_length=30, blank=True)
    record_sha256 = models.CharField(max_length=64, blank=True)
    policy_version = models.CharField(max_length=32, blank=True)
    provider = models.CharField(max_length=32)
    language = models.CharField(max_length=64)
    use_case = models.CharField(max_length=64)
    characters = models.PositiveIntegerField(default=0)
    disclosure = models.CharField(max_length=16, default="none")
    # The producer that China's hidden label (AIGC) names, where it is on.
    aigc_producer = models.CharField(max_length=64, blank=True)

    scheme = models.CharField(max_length=32, blank=True)
    # Why a clip that left carries no mark that could be read back.
    mark_reason = models.CharField(max_length=32, blank=True)
    # Room tone that was put behind a short line.
    padded_ms = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField()
    token = models.PositiveBigIntegerField()
    # The token is that of an earlier clip of the same sound.
    token_shared = models.BooleanField(default=False)
    margin_milli_db = models.IntegerField(default=0)
    score_milli = models.IntegerField(default=0)
    self_checks = models.JSONField(default=list)
    second_marks = models.JSONField(default=list)

    sha256_provider = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    sha256_pcm = models.CharField(max_length=64, blank=True, db_index=True)
    codec = models.CharField(max_length=16, blank=True)
    media_type = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(default=0)
    blob_id = models.CharField(max_length=30, blank=True)

    manifest_mode = models.CharField(max_length=8, choices=ManifestMode, default=ManifestMode.NONE)
    manifest_reason = models.CharField(max_length=32, blank=True)
    manifest_id = models.CharField(max_length=64, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    manifest_offset = models.PositiveIntegerField(default=0)
    manifest_size = models.PositiveIntegerField(default=0)
    manifest_blob_id = models.CharField(max_length=30, blank=True)
    credential = models.CharField(max_length=64, blank=True)

    reference_index = models.CharField(max_length=64, blank=True, default="", editable=False)
    # The keyed hash of the call that it was spoken for, where an SDK may send that call again.
    call_hash = models.CharField(max_length=64, blank=True, default="", editable=False)

    event_id = models.CharField(max_length=30, blank=True)
    # Renewed while a process is making the clip. It says nothing of a settled one.
    lease_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    issued_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = ClipQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                name="clip_by_time", fields=["organisation", "livemode", "issued_at", "id"]
            ),
            models.Index(
                name="clip_by_language",
                fields=["organisation", "livemode", "language", "issued_at", "id"],
            ),
            models.Index(
                name="clip_by_use_case",
                fields=["organisation", "livemode", "use_case", "issued_at", "id"],
            ),
            models.Index(name="clip_by_consent", fields=["consent_id", "issued_at", "id"]),
            models.Index(name="clip_by_voice", fields=["voice_id", "issued_at", "id"]),
            # Nearly all clips are issued ones. The few others are found by this.
            models.Index(
                name="clip_ended_by_time",
                fields=["organisation", "livemode", "state", "issued_at", "id"],
                condition=Q(state__in=("aborted", "held", "withdrawn", "erased")),
            ),
            *make_note_indexes("clip"),
            models.Index(
                name="clip_by_reference",
                fields=["reference_index"],
                condition=~Q(reference_index=""),
            ),
            models.Index(name="clip_by_call", fields=["call_hash"], condition=~Q(call_hash="")),
            models.Index(
                name="clip_in_the_making",
                fields=["lease_until"],
                condition=Q(state=ClipState.MAKING),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="clip_state_is_known", condition=Q(state__in=ClipState.values)
            ),
            models.UniqueConstraint(
                name="clip_token_once_per_sound",
                fields=["organisation", "epoch", "token"],
                condition=Q(token_shared=False),
            ),
            models.CheckConstraint(
                name="clip_token_is_32_bits", condition=Q(token__gte=0, token__lt=2**32)
            ),
            models.CheckConstraint(
                name="clip_that_left_has_hashes_and_time",
                condition=~Q(state__in=LEFT)
                | (
                    ~Q(sha256="")
                    & ~Q(sha256_pcm="")
                    & ~Q(sha256_provider="")
                    & Q(issued_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="clip_that_never_left_has_no_audio",
                condition=Q(state__in=LEFT)
                | Q(blob_id="", sha256="", size=0, issued_at=None)
                # A stream that was broken off: its delivered part is hashed and not stored.
                | (
                    Q(state=ClipState.ABORTED, blob_id="", size__gt=0, issued_at__isnull=False)
                    & ~Q(sha256="")
                ),
            ),
            models.CheckConstraint(
                name="clip_manifest_mode_is_known",
                condition=Q(manifest_mode__in=ManifestMode.values),
            ),
            models.CheckConstraint(
                name="clip_manifest_has_id_hash_and_signer_or_is_none",
                condition=Q(
                    manifest_mode="none", manifest_id="", manifest_sha256="", manifest_blob_id=""
                )
                | (
                    ~Q(manifest_mode="none")
                    & ~Q(manifest_id="")
                    & ~Q(manifest_sha256="")
                    & ~Q(credential="")
                ),
            ),
            models.UniqueConstraint(
                name="clip_manifest_id_once", fields=["manifest_id"], condition=~Q(manifest_id="")
            ),
            models.CheckConstraint(
                name="clip_erased_leads_to_no_person",
                condition=~Q(state=ClipState.ERASED)
                | Q(
                    subject="",
                    voice_id="",
                    sealed_notes=None,
                    external_index="",
                    metadata_index=None,
                    reference_index="",
                )
                & Q(blob_id="", manifest_blob_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class StreamProgress(models.Model):
    """The most that may have left of a stream in the making.

    `sha256` is the hash of its first `hashed_size` bytes. The row is deleted when the clip is
    settled.
    """

    clip = models.OneToOneField(Clip, models.CASCADE, primary_key=True, related_name="+")
    size = models.PositiveIntegerField()
    hashed_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    duration_ms = models.PositiveIntegerField()
    characters = models.PositiveIntegerField()
    codec = models.CharField(max_length=16)
    media_type = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.clip_id} {self.size} bytes"


class MarkKey(models.Model):
    """A year of an organisation's watermark key in which marks were made, for searches to try."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    epoch = models.PositiveIntegerField()
    # Whether any clip of this year also carries the audiowmark layer.
    second = models.BooleanField(default=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="mark_key_once_per_epoch", fields=["organisation", "epoch"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.epoch}"


class MarkedSound(models.Model):
    """A sound that was marked under a key, and its only token.

    `sound` is a keyed hash that names the sound (`provenance.clips.shared_tokens`).
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    epoch = models.PositiveIntegerField()
    sound = models.CharField(max_length=64, editable=False)
    token = models.PositiveBigIntegerField(editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="marked_sound_has_one_token", fields=["organisation", "epoch", "sound"]
            ),
        ]
        indexes = [
            models.Index(name="marked_sound_by_token", fields=["organisation", "epoch", "token"])
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.epoch} {self.token:08x}"

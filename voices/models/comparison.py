"""Embeddings for the comparison of voices, and the reviews that come of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from voices.models.voice import Voice


class VoiceEmbedding(models.Model):
    """The embedding of one voice, sealed under the speaker's key.

    It is deleted with the voice, or when the person is erased.

    The row exists from the moment that the voice is ready, so that a lost message loses no
    comparison. `sealed` is None until the voice is measured, and `compared_at` until it is compared
    with the others.
    """

    voice = models.OneToOneField(Voice, models.PROTECT, primary_key=True, related_name="embedding")
    subject = models.CharField(max_length=30, db_index=True, editable=False)
    sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    compared_at = models.DateTimeField(null=True, editable=False, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="embedding_compared_is_there",
                condition=Q(compared_at=None) | Q(sealed__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"embedding of {self.voice_id}"


class ReviewState(models.TextChoices):
    """An open review waits for a person, who settles it."""

    OPEN = "open"
    SETTLED = "settled"


class ReviewOutcome(models.TextChoices):
    """What a person found. Nothing follows from it by itself."""

    SAME_PERSON = "same_person", "Both voices are of one person."
    DIFFERENT_PEOPLE = "different_people", "The voices are of two people."
    UNDECIDED = "undecided", "It cannot be told."


class VoiceReview(models.Model):
    """A review of two people's voices that sound similar.

    `voice` is the one that was compared, and `other` was there before. `likeness_milli` is their
    similarity in thousandths.
    """

    id = models.BigAutoField(primary_key=True)
    livemode = models.BooleanField(editable=False)
    voice = models.ForeignKey(Voice, models.PROTECT, related_name="reviews")
    other = models.ForeignKey(Voice, models.PROTECT, related_name="+")
    likeness_milli = models.PositiveSmallIntegerField(editable=False)
    state = models.CharField(max_length=8, choices=ReviewState, default=ReviewState.OPEN)
    outcome = models.CharField(max_length=20, blank=True, choices=ReviewOutcome)
    settled_by = models.CharField(max_length=64, blank=True)
    settled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="review_once_a_pair", fields=["voice", "other"]),
            models.CheckConstraint(name="review_is_of_two_voices", condition=~Q(voice=F("other"))),
            models.CheckConstraint(
                name="review_settled_says_how",
                condition=Q(state=ReviewState.OPEN, outcome="", settled_by="", settled_at=None)
                | (
                    Q(
                        state=ReviewState.SETTLED,
                        outcome__in=ReviewOutcome.values,
                        settled_at__isnull=False,
                    )
                    & ~Q(settled_by="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk} ({self.state})"

    @property
    def organisation(self) -> Organisation:
        """The organisation that both voices belong to."""
        return self.voice.organisation

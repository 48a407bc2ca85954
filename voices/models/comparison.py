"""What a voice is compared with other people's voices by, and what a person has to look at because
of it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from voices.models.voice import Voice


class VoiceEmbedding(models.Model):
    """The embedding of one voice, sealed under the key of the person who speaks.

    It goes with voice and person.

    The row is there from the moment the voice is ready, so that a lost message loses no comparison:
    `sealed` is None until it was measured, `compared_at` until it was held against the others.
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
    """A review waits for a person, or a person has settled it."""

    OPEN = "open"
    SETTLED = "settled"


class ReviewOutcome(models.TextChoices):
    """What the person who looked found. Nothing follows from it by itself."""

    SAME_PERSON = "same_person", "Both voices are of one person."
    DIFFERENT_PEOPLE = "different_people", "The voices are of two people."
    UNDECIDED = "undecided", "It cannot be told."


class VoiceReview(models.Model):
    """Two voices of two people that sound alike: the one compared, the one that was there, and how
    alike they are.
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
        """Whose two voices these are."""
        return self.voice.organisation

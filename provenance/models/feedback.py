"""Feedback on answers of the verify page, without names and addresses."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Opinion(models.TextChoices):
    """What a reader thinks of an answer."""

    HELPED = "helped", "It helped"
    WRONG = "wrong", "The answer is wrong"
    UNCLEAR = "unclear", "The answer is hard to understand"
    BROKEN = "broken", "Something does not work"


class Feedback(models.Model):
    """One opinion on an answer.

    `organisation` owns the clip that the answer named. Without such a clip the opinion is general.

    Words about a clip may name the person who speaks in it. They are sealed under that person's
    key, and `words` is empty.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.CASCADE, null=True, related_name="+"
    )
    opinion = models.CharField(max_length=16, choices=Opinion)
    verdict = models.CharField(max_length=24, blank=True)
    clip_id = models.CharField(max_length=30, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    sealed_words = models.BinaryField(null=True, editable=False)
    language = models.CharField(max_length=8)
    created_at = models.DateTimeField(editable=False, db_index=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(
                name="feedback_opinion_is_known", condition=Q(opinion__in=Opinion.values)
            ),
            models.CheckConstraint(
                name="feedback_on_a_clip_has_its_organisation",
                condition=Q(clip_id="") | Q(organisation__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opinion} ({self.verdict or 'general'})"

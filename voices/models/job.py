"""Jobs: speech that is made in the background. The rows are the queue, and messages only wake a
worker.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from consent.policy.providers import LOCAL
from core import leases
from core.caller_notes import Noted, make_note_indexes
from core.leases import Queued
from voices.models.voice import Voice


class JobKind(models.TextChoices):
    """A job is one piece of speech, or many with common fields."""

    SPEECH = "speech"
    BATCH = "batch"


class JobState(models.TextChoices):
    """The states of the API, for a job and for each of its items."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNSETTLED = (JobState.QUEUED, JobState.RUNNING)
SETTLED = (JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.CANCELLED)


class JobQuerySet(models.QuerySet["Job"]):
    """Queries for jobs that need a worker, and for the order of their turns."""

    def with_work(self, at: datetime, *, at_once: int, for_account: int) -> JobQuerySet:
        """Return the jobs with an item to take and fewer than `at_once` under a live lease.

        Items of accounts at providers that have `for_account` in hand are not to be taken.
        """
        items = JobItem.objects.filter(job=OuterRef("pk"))
        in_hand = items.filter(state=JobState.RUNNING, lease_until__gt=at).order_by().values("job")
        counted = Coalesce(Subquery(in_hand.annotate(count=Count("pk")).values("count")), 0)
        unsettled = self.filter(state__in=UNSETTLED)
        return (
            unsettled.filter(Exists(items.claimable(at).beside_full_accounts(at, most=for_account)))
            .alias(in_hand=counted)
            .filter(in_hand__lt=at_once)
        )

    def by_turn(self) -> JobQuerySet:
        """Order the jobs by the last turn of their organisation, and then by their own.

        The one that has waited longest comes first.
        """
        ours = Job.objects.filter(organisation=OuterRef("organisation"), turn_at__isnull=False)
        last = Subquery(ours.order_by("-turn_at").values("turn_at")[:1])
        first = (F("organisation_turn").asc(nulls_first=True), F("turn_at").asc(nulls_first=True))
        return self.alias(organisation_turn=last).order_by(*first, "created_at", "id")


class Job(Noted):
    """The speech that one call asked for.

    Its counters change in the transactions of its items. `turn_at` is the real time at which a
    worker last took one of them.
    """

    id = models.CharField(primary_key=True, max_length=30, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    livemode = models.BooleanField(editable=False)
    kind = models.CharField(max_length=16, choices=JobKind)
    actor = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    turn_at = models.DateTimeField(null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="job_by_state", fields=["state"]),
            models.Index(
                name="job_by_time", fields=["organisation", "livemode", "created_at", "id"]
            ),
            models.Index(name="job_by_turn", fields=["organisation", "turn_at"]),
            *make_note_indexes("job"),
        ]
        constraints = [
            models.CheckConstraint(
                name="job_state_is_known", condition=Q(state__in=JobState.values)
            ),
            models.CheckConstraint(name="job_kind_is_known", condition=Q(kind__in=JobKind.values)),
            models.CheckConstraint(
                name="job_settles_no_more_than_it_has",
                condition=Q(
                    total__gte=F("done") + F("refused") + F("failed") + F("cancelled"),
                    total__gt=0,
                ),
            ),
            models.CheckConstraint(
                name="job_finished_has_a_time",
                condition=Q(state__in=SETTLED, finished_at__isnull=False)
                | (~Q(state__in=SETTLED) & Q(finished_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


_ACCOUNT: Final = ("job__organisation", "job__livemode", "voice__provider")
"""By what an account at a provider is known from an item."""


class JobItemQuerySet(models.QuerySet["JobItem"]):
    """Queries for items that a worker may take."""

    def claimable(self, at: datetime) -> JobItemQuerySet:
        """Return the items that are queued and due, or running under a lease that is over."""
        return self.filter(leases.is_claimable(at), state__in=UNSETTLED)

    def beside_full_accounts(self, at: datetime, *, most: int) -> JobItemQuerySet:
        """Leave out the items of accounts at providers that have `most` items in hand, over all
        jobs and processes.
        """
        in_hand = JobItem.objects.filter(state=JobState.RUNNING, lease_until__gt=at)
        accounts = in_hand.exclude(voice__provider=LOCAL).order_by().values(*_ACCOUNT)
        rows = self
        for full in accounts.annotate(count=Count("pk")).filter(count__gte=most):
            organisation_id, livemode, provider = (full[name] for name in _ACCOUNT)
            # By the item's own columns: a claim is one UPDATE whose conditions must be those of the
            # row itself, or two workers that wait for it both get it.
            jobs = Job.objects.filter(organisation_id=organisation_id, livemode=livemode)
            voices = Voice.objects.filter(organisation_id=organisation_id, provider=provider)
            theirs = Q(job_id__in=jobs.values("id")) & Q(voice_id__in=voices.values("id"))
            rows = rows.exclude(theirs)
        return rows


class JobItem(Queued):
    """One text to speak.

    The text, the notes and the terms of the call are sealed under the speaker's key, and deleted
    when the item is settled. `sealed_reference` is the caller's own name for the text, which stays.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    voice = models.ForeignKey("voices.Voice", models.PROTECT, related_name="+")
    sealed_text = models.BinaryField(null=True)
    sealed_reference = models.BinaryField(null=True)
    characters = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    code = models.CharField(max_length=64, blank=True)
    reasons = models.JSONField(default=list)
    decision_id = models.CharField(max_length=30, blank=True)
    clip_id = models.CharField(max_length=30, blank=True)
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = JobItemQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(name="job_item_to_take", fields=["state", "due_at"])]
        constraints = [
            models.UniqueConstraint(name="job_item_once_per_position", fields=["job", "position"]),
            models.CheckConstraint(
                name="job_item_state_is_known", condition=Q(state__in=JobState.values)
            ),
            models.CheckConstraint(
                name="job_item_running_has_a_lease",
                condition=Q(state=JobState.RUNNING, lease_until__isnull=False)
                | (~Q(state=JobState.RUNNING) & Q(lease_until=None)),
            ),
            models.CheckConstraint(
                name="job_item_settled_keeps_no_text",
                condition=Q(state__in=SETTLED, sealed_text=None, finished_at__isnull=False)
                | (~Q(state__in=SETTLED) & Q(finished_at=None)),
            ),
            models.CheckConstraint(
                name="job_item_done_has_a_clip", condition=~Q(state=JobState.DONE) | ~Q(clip_id="")
            ),
            models.CheckConstraint(
                name="job_item_unserved_says_why",
                condition=~Q(state__in=(JobState.REFUSED, JobState.FAILED)) | ~Q(code=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.position} ({self.state})"

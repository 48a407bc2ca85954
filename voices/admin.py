"""Voices, reviews of similar voices, and jobs in the admin."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline

from accounts.admin_base import ReadOnlyAdmin, admin_button, may_enter
from accounts.reason_forms import Given, make_code_form
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from core import clock
from core.caller_notes import Notes
from vault.notes_admin import NotedAdmin
from voices import similarity_reviews, voice_labels, voice_selectors
from voices.models import (
    Job,
    ModerationEndpoint,
    ReviewOutcome,
    ReviewState,
    Sample,
    Voice,
    VoiceReview,
)
from voices.provider_task_admin import ProviderAccountAdmin, ProviderTaskAdmin
from voices.sample_review_admin import RecordingReviewAdmin
from voices.speech import job_queue

__all__ = [
    "JobAdmin",
    "ModerationEndpointAdmin",
    "ProviderAccountAdmin",
    "ProviderTaskAdmin",
    "RecordingReviewAdmin",
    "VoiceAdmin",
    "VoiceReviewAdmin",
]


class SampleInline(TabularInline):  # type: ignore[misc]  # the theme has no types
    model = Sample
    fields = ("id", "sha256", "report", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Sample | None = None) -> bool:
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest, obj: Sample | None = None) -> bool:
        return False


@admin.register(Voice)
class VoiceAdmin(NotedAdmin[Voice]):
    list_display = (
        "id",
        "state",
        "provider",
        "language",
        "use_case",
        "mode",
        "provider_expires_at",
        "created_at",
        "deleted_at",
    )
    list_filter = ("state", "provider", "livemode")
    search_fields = ("id", "consent_id", "speaker_id")
    ordering = ("-created_at", "id")
    inlines = (SampleInline,)
    fields = (
        "id", "state", "code", "provider", "language", "use_case", "mode", "consent_id",
        "speaker_id", "decision_id", "created_at", "ready_at", "provider_expires_at",
        "consent_expires_at", "warned_of_end", "deletion_asked_at", "deletion_accepted_at",
        "deletion_overdue_at", "deletion_proof", "deleted_at",
    )  # fmt: skip

    @admin.display(description="Consent expires at")
    def consent_expires_at(self, row: Voice) -> datetime | None:
        """Return the end of the term of the voice's consent."""
        return voice_selectors.find_consent_end(row)

    def open_notes(self, row: Voice) -> Notes:
        """Open the voice's notes."""
        return voice_labels.open_voice_notes(row)


@admin.register(ModerationEndpoint)
class ModerationEndpointAdmin(ReadOnlyAdmin[ModerationEndpoint]):
    list_display = ("id", "mode", "base_url", "model", "changed_at")
    list_filter = ("livemode",)
    ordering = ("-created_at", "id")
    fields = (
        "id", "mode", "base_url", "is_self_hosted", "model", "labels", "created_at", "changed_at",
    )  # fmt: skip


@admin.register(VoiceReview)
class VoiceReviewAdmin(ReadOnlyAdmin[VoiceReview]):
    organisation_path = "voice__organisation"
    list_display = (
        "id",
        "state",
        "voice",
        "other",
        "likeness_milli",
        "outcome",
        "mode",
        "created_at",
    )
    list_filter = ("state", "livemode")
    ordering = ("-created_at", "id")
    fields = (
        "id", "state", "voice", "other", "likeness_milli", "outcome", "settled_by", "settled_at",
        "mode", "created_at",
    )  # fmt: skip
    actions_detail = ("settle",)

    @admin_button(text="Settle this review", path="settle", permission="settle")
    def settle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record what a person found."""
        return self.act(
            request,
            object_id,
            action=Action.SETTLE_REVIEW,
            title="Settle this review",
            consequence=(
                "The finding goes on record. It changes neither voice: if one was handed in under "
                "another name, end its consent as well."
            ),
            do=_settle_review,
            asks=make_code_form(ReviewOutcome.choices, with_words=False),
        )

    def has_settle_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return whether the member may settle reviews, and this one is open."""
        if object_id is None:
            return self.may(request, Action.SETTLE_REVIEW)

        # The address may hold any text.
        number = unquote(object_id)
        if not number.isdecimal():
            return False

        still_open = self.get_queryset(request).filter(pk=int(number), state=ReviewState.OPEN)
        return self.may(request, Action.SETTLE_REVIEW) and still_open.exists()


@admin.register(Job)
class JobAdmin(NotedAdmin[Job]):
    list_display = (
        "id",
        "kind",
        "state",
        "total",
        "done",
        "refused",
        "failed",
        "mode",
        "created_at",
    )
    list_filter = ("state", "kind", "livemode")
    search_fields = ("id", "actor")
    ordering = ("-created_at", "id")
    fields = (
        "id",
        "kind",
        "state",
        "actor",
        "total",
        "done",
        "refused",
        "failed",
        "mode",
        "created_at",
        "finished_at",
    )

    def open_notes(self, row: Job) -> Notes:
        """Open the job's notes."""
        return job_queue.open_job_notes(row)


def _settle_review(review: VoiceReview, actor: str, given: Given) -> str:
    at = now_for(review.organisation, livemode=review.livemode, wall_time=clock.now())
    organisation_id = review.organisation.id
    similarity_reviews.settle_review(
        review.pk, organisation_id=organisation_id, outcome=given.reason, actor=actor, at=at
    )
    return "The review is settled."

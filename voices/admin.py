"""Voices, jobs, erasures and people on the desk; erasing a person is one action with a reason, through the service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from accounts.clock import now_for
from accounts.desk import EvidenceAdmin, actor_of, button, may_enter, member_of
from accounts.permissions import Action
from accounts.reason_forms import Given, coded
from consent import speakers
from consent.models import Speaker
from consent.rules import reasons
from consent.rules.reasons import Act
from core import clock
from core.notes import Notes
from vault.noted_admin import NotedAdmin
from voices.erasure import certificate
from voices.erasure import services as erasures
from voices.models import Erasure, ErasureTarget, Job, ReviewOutcome, ReviewState, Sample, Voice, VoiceReview
from voices.services import jobs, reviews, voices


@admin.register(Speaker)
class SpeakerAdmin(NotedAdmin[Speaker]):
    list_display = ("id", "kind", "state", "mode", "created_at", "erased_at")
    list_filter = ("state", "kind", "livemode")
    search_fields = ("id",)
    ordering = ("-created_at", "id")
    fields = ("id", "kind", "state", "mode", "created_at", "erased_at")
    actions_detail = ("erase",)

    def notes_of(self, row: Speaker) -> Notes:
        """Open the speaker's notes."""
        return speakers.notes_of(row)

    def get_fields(self, request: HttpRequest, obj: Speaker | None = None) -> tuple[str, ...]:
        """Show name and address to those who may open them."""
        shown: tuple[str, ...] = tuple(super().get_fields(request, obj))
        return (*shown, "person") if self.may(request, Action.OPEN_SPEAKER) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Speaker | None = None) -> tuple[str, ...]:
        """Name and address are computed."""
        return (*super().get_readonly_fields(request, obj), "person")

    @transaction.atomic
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Put on record that a member opens this person's page, when it shows who it is."""
        speaker = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if speaker is not None and self.may(request, Action.OPEN_SPEAKER):
            at = now_for(speaker.organisation, livemode=speaker.livemode, real=clock.now())
            speakers.log_opening(speaker, actor=actor_of(member_of(request)), at=at)
        shown: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return shown

    @admin.display(description="Person (that you opened this is on record)")
    def person(self, speaker: Speaker) -> SafeString | str:
        """Name and address, opened from the vault for this page alone."""
        personal = speakers.personal_of(speaker)
        if personal is None:
            return "erased: the key is destroyed, nothing can be opened"
        return format_html("{}<br>{}", personal.name, personal.email)

    @button(text="Erase this person", path="erase", permission="erase")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin an erasure."""
        return self.act(
            request,
            object_id,
            action=Action.ERASE,
            title="Erase this person",
            consequence="Every consent ends now. Voices, recordings, clips, name and address are destroyed and cannot "
            "come back. Signed records and log entries stay as proof; they name nobody. The reason is kept as a code "
            "alone: words could name the person.",
            do=_erase,
            asks=coded(_why_erase(), words=False),
        )

    def has_erase_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Owners and officers, as long as there is a person to erase."""
        if object_id is None or not self.may(request, Action.ERASE):
            return self.may(request, Action.ERASE)
        return self.get_queryset(request).filter(pk=unquote(object_id), state=Speaker.State.ACTIVE).exists()


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
    list_display = ("id", "state", "provider", "language", "use_case", "mode", "created_at", "deleted_at")
    list_filter = ("state", "provider", "livemode")
    search_fields = ("id", "consent_id", "speaker_id")
    ordering = ("-created_at", "id")
    inlines = (SampleInline,)
    fields = (
        "id", "state", "code", "provider", "language", "use_case", "mode", "consent_id", "speaker_id",
        "decision_id", "created_at", "ready_at", "provider_expires_at", "deleted_at",
    )  # fmt: skip

    def notes_of(self, row: Voice) -> Notes:
        """Open the voice's notes."""
        return voices.notes_of(row)


@admin.register(VoiceReview)
class VoiceReviewAdmin(EvidenceAdmin[VoiceReview]):
    organisation_path = "voice__organisation"
    list_display = ("id", "state", "voice", "other", "likeness_milli", "outcome", "mode", "created_at")
    list_filter = ("state", "livemode")
    ordering = ("-created_at", "id")
    fields = (
        "id", "state", "voice", "other", "likeness_milli", "outcome", "settled_by", "settled_at", "mode", "created_at",
    )  # fmt: skip
    actions_detail = ("settle",)

    @button(text="Settle this review", path="settle", permission="settle")
    def settle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put down what a person found."""
        return self.act(
            request,
            object_id,
            action=Action.SETTLE_REVIEW,
            title="Settle this review",
            consequence="The finding goes on record. It changes neither voice: if one was handed in under another "
            "name, end its consent as well.",
            do=_settle,
            asks=coded(ReviewOutcome.choices, words=False),
        )

    def has_settle_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Owners and officers, while it is open."""
        if object_id is None:
            return self.may(request, Action.SETTLE_REVIEW)
        number = unquote(object_id)
        if not number.isdecimal():  # the address may hold any text
            return False
        still_open = self.get_queryset(request).filter(pk=int(number), state=ReviewState.OPEN)
        return self.may(request, Action.SETTLE_REVIEW) and still_open.exists()


@admin.register(Job)
class JobAdmin(NotedAdmin[Job]):
    list_display = ("id", "kind", "state", "total", "done", "refused", "failed", "mode", "created_at")
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

    def notes_of(self, row: Job) -> Notes:
        """Open the job's notes."""
        return jobs.notes_of(row)


class TargetInline(TabularInline):  # type: ignore[misc]  # the theme has no types
    model = ErasureTarget
    fields = ("system", "asset", "method", "state", "ground", "settled_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        return False


@admin.register(Erasure)
class ErasureAdmin(EvidenceAdmin[Erasure]):
    list_display = ("id", "state", "reason", "days_left", "mode", "created_at", "completed_at")
    list_filter = ("state", "reason", "livemode")
    search_fields = ("id", "speaker_id")
    ordering = ("-created_at", "id")
    inlines = (TargetInline,)
    fields = (
        "id", "state", "speaker_id", "subject", "reason", "actor", "mode", "created_at", "answer_by",
        "completed_at", "certified",
    )  # fmt: skip
    readonly_fields = ("certified",)
    actions_detail = ("paper",)

    @admin.display(description="Days left")
    def days_left(self, erasure: Erasure) -> str:
        """Until the month is over that the law gives, by the clock of the data: test data may live ahead."""
        if erasure.completed_at is not None:
            return "done"
        at = now_for(erasure.organisation, livemode=erasure.livemode, real=clock.now())
        return str((erasure.answer_by - at).days)

    @admin.display(description="Certificate")
    def certified(self, erasure: Erasure) -> SafeString | str:
        """What the certificate is called, and the hash that the log names; that of test data says so."""
        if erasure.certificate is None:
            return "none before everything is settled"
        record = bytes(erasure.certificate)
        shown = certificate.facts(record)
        return format_html("{}<br>SHA-256 <code>{}</code>", shown["title"], certificate.digest(record))

    @button(text="Certificate (PDF)", path="certificate", permission="paper")
    def paper(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the certificate as a paper for people. Raises Http404 while there is none."""
        erasure = self.get_queryset(request).filter(pk=unquote(object_id)).exclude(certificate=None).first()
        if erasure is None or erasure.certificate is None:
            raise Http404
        record = bytes(erasure.certificate)
        drawn = certificate.pdf(certificate.facts(record), certificate.digest(record))
        headers = {"Content-Disposition": f'attachment; filename="{erasure.id}.certificate.pdf"'}
        return HttpResponse(drawn, content_type="application/pdf", headers=headers)

    def has_paper_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may look, once there is one."""
        if object_id is None:
            return may_enter(request)
        found = self.get_queryset(request).filter(pk=unquote(object_id)).exclude(certificate=None)
        return may_enter(request) and found.exists()


def _settle(review: VoiceReview, actor: str, given: Given) -> str:
    at = now_for(review.organisation, livemode=review.livemode, real=clock.now())
    organisation_id = review.organisation.id
    reviews.settle(review.pk, organisation_id=organisation_id, outcome=given.reason, actor=actor, at=at)
    return "The review is settled."


def _why_erase() -> list[tuple[str, str]]:
    """The codes to choose from. Free words are not asked for: they could hold what is to be erased."""
    unasked = {reasons.OTHER, reasons.REQUESTED_BY_PERSON}
    return [(code.name, code.meaning) for code in reasons.for_act(Act.ERASE) if code.name not in unasked]


def _erase(speaker: Speaker, actor: str, given: Given) -> str:
    real = clock.now()
    erasure = erasures.request(
        speaker.id,
        organisation=speaker.organisation,
        livemode=speaker.livemode,
        reason=given.reason,
        actor=actor,
        at=now_for(speaker.organisation, livemode=speaker.livemode, real=real),
        real=real,
    )
    return f"Erasure {erasure.id} has begun. Of the reason its code alone is kept: {erasure.reason}."

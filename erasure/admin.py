"""Erasures in the admin. Erasing a person is one action with a reason, through the service."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from accounts.admin_base import ReadOnlyAdmin, admin_button, may_enter
from accounts.reason_forms import Given, make_code_form
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from consent.models import Speaker
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from consent.speaker_admin import SpeakerAdmin
from core import clock, database_clock
from erasure import certificate, erasure_requests
from erasure.models import Erasure, ErasureTarget


class ErasableSpeakerAdmin(SpeakerAdmin):
    actions_detail = ("erase",)

    @admin_button(text="Erase this person", path="erase", permission="erase")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin an erasure."""
        return self.act(
            request,
            object_id,
            action=Action.ERASE,
            title="Erase this person",
            consequence=(
                "Every consent ends now. Voices, recordings, clips, name and address are destroyed "
                "and cannot come back. Signed records and log entries stay as proof. They name "
                "no person. The reason is kept as a code alone: words could name the person."
            ),
            do=_erase_speaker,
            asks=make_code_form(_erasure_reasons(), with_words=False),
        )

    def has_erase_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return True for owners and officers while there is a person to erase."""
        if object_id is None or not self.may(request, Action.ERASE):
            return self.may(request, Action.ERASE)

        return (
            self.get_queryset(request)
            .filter(pk=unquote(object_id), state=Speaker.State.ACTIVE)
            .exists()
        )


# The page of a speaker belongs to consent, which knows of no erasure. Its button comes from here.
admin.site.unregister(Speaker)
admin.site.register(Speaker, ErasableSpeakerAdmin)


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
class ErasureAdmin(ReadOnlyAdmin[Erasure]):
    list_display = ("id", "state", "reason", "days_left", "mode", "created_at", "completed_at")
    list_filter = ("state", "reason", "livemode")
    search_fields = ("id", "speaker_id")
    ordering = ("-created_at", "id")
    inlines = (TargetInline,)
    fields = (
        "id", "state", "speaker_id", "subject", "reason", "actor", "mode", "created_at",
        "answer_by", "completed_at", "show_certificate",
    )  # fmt: skip
    readonly_fields = ("show_certificate",)
    actions_detail = ("paper",)

    @admin.display(description="Days left")
    def days_left(self, erasure: Erasure) -> str:
        """Return the days until the month ends that the law gives, by the clock of the data.

        The clock of test data may run ahead.
        """
        if erasure.completed_at is not None:
            return "done"

        at = now_for(erasure.organisation, livemode=erasure.livemode, wall_time=clock.now())
        return str((erasure.answer_by - at).days)

    @admin.display(description="Certificate")
    def show_certificate(self, erasure: Erasure) -> SafeString | str:
        """Return the certificate's title, and the hash that the log names."""
        if erasure.certificate is None:
            return "none before everything is settled"

        record = bytes(erasure.certificate)
        shown = certificate.parse_certificate(record)

        return format_html(
            "{}<br>SHA-256 <code>{}</code>", shown["title"], certificate.hash_certificate(record)
        )

    @admin_button(text="Certificate (PDF)", path="certificate", permission="paper")
    def paper(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the certificate as a PDF for people.

        Raises Http404 while there is none.
        """
        erasure = (
            self.get_queryset(request)
            .filter(pk=unquote(object_id))
            .exclude(certificate=None)
            .first()
        )
        if erasure is None or erasure.certificate is None:
            raise Http404

        record = bytes(erasure.certificate)
        drawn = certificate.render_pdf(
            certificate.parse_certificate(record), certificate.hash_certificate(record)
        )

        headers = {"Content-Disposition": f'attachment; filename="{erasure.id}.certificate.pdf"'}
        return HttpResponse(drawn, content_type="application/pdf", headers=headers)

    def has_paper_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return True for every member with access, once there is a certificate."""
        if object_id is None:
            return may_enter(request)

        found = self.get_queryset(request).filter(pk=unquote(object_id)).exclude(certificate=None)
        return may_enter(request) and found.exists()


def _erasure_reasons() -> list[tuple[str, str]]:
    """Return the codes to choose from.

    Free words are not asked for. They could hold what is to be erased.
    """
    unasked = {change_reasons.OTHER, change_reasons.REQUESTED_BY_PERSON}

    return [
        (code.name, code.meaning)
        for code in change_reasons.list_reason_codes(Act.ERASE)
        if code.name not in unasked
    ]


def _erase_speaker(speaker: Speaker, actor: str, given: Given) -> str:
    real = database_clock.get_work_time()
    erasure = erasure_requests.request_erasure(
        speaker.id,
        organisation=speaker.organisation,
        livemode=speaker.livemode,
        reason=given.reason,
        actor=actor,
        at=now_for(speaker.organisation, livemode=speaker.livemode, wall_time=real),
        wall_time=real,
    )

    return (
        f"Erasure {erasure.id} has begun. Of the reason its code alone is kept: {erasure.reason}."
    )

"""Recordings to review, in the admin: a member listens to them and decides."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin_base import (
    Act,
    ReadOnlyAdmin,
    admin_button,
    demand_act,
    get_acting_member,
    log_admin_action,
)
from accounts.reason_forms import Given
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from audio import containers
from audio.containers import UnreadableAudio
from core import clock
from core.api import byte_ranges
from core.errors import NotFound, RangeBehindEnd
from vault import blobs
from voices import sample_reviews, voice_checks
from voices.models import RecordingReview, Sample, Voice, VoiceState

_MEDIA_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "webm": "audio/webm",
}


@admin.register(RecordingReview)
class RecordingReviewAdmin(ReadOnlyAdmin[Voice]):
    """The voices in `checking`. A settled one is among the voices."""

    list_display = ("id", "doubts", "language", "use_case", "mode", "created_at")
    list_filter = ("livemode",)
    search_fields = ("id", "consent_id", "speaker_id")
    ordering = ("created_at", "id")
    readonly_fields = ("doubts", "recordings")
    fields = (
        "id", "doubts", "recordings", "language", "use_case", "provider", "mode", "consent_id",
        "speaker_id", "decision_id", "created_at",
    )  # fmt: skip
    actions_detail = ("approve_recordings", "refuse_recordings")

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[Voice]:
        """Return the voices that wait."""
        return super().list_owned_rows(request).filter(state=VoiceState.CHECKING)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the recordings to members who may decide about them."""
        # A player cannot ask for a new proof, so the page does.
        demand_act(request, Action.SETTLE_REVIEW)
        shown: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return shown

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and the sound of each recording."""
        listen = path(
            "<path:object_id>/recordings/<int:position>",
            self.admin_site.admin_view(self.listen),
            name="voices_recordingreview_listen",
        )
        return [listen, *super().get_urls()]

    def listen(self, request: HttpRequest, object_id: str, position: int) -> HttpResponse:
        """Send one recording or the part of it that the player asks for, and record who listens.

        Raises Http404, PermissionDenied.
        """
        demand_act(request, Action.SETTLE_REVIEW)
        voice = self._get_row(request, object_id)
        sample = Sample.objects.filter(voice_id=voice.pk, position=position).first()
        if sample is None:
            raise Http404

        with transaction.atomic():
            member = get_acting_member(request)
            log_admin_action(voice, member, Action.SETTLE_REVIEW, "listened", at=clock.now())

        response = _send_recording(request, sample)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @admin_button(text="Approve the recordings", path="approve", permission="settle")
    def approve_recordings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have the voice made."""
        return self._decide(
            request,
            object_id,
            title="Approve the recordings",
            consequence=(
                "The voice is made from these recordings, if the consent still covers it. Approve "
                "them only if you have listened to each."
            ),
            do=_approve,
        )

    @admin_button(text="Refuse the recordings", path="refuse", permission="settle")
    def refuse_recordings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the voice up."""
        return self._decide(
            request,
            object_id,
            title="Refuse the recordings",
            consequence="The recordings are deleted, and the voice is not made.",
            do=_refuse,
        )

    # The theme hands the id over. Every voice of this page may be settled.
    def has_settle_permission(
        self,
        request: HttpRequest,
        object_id: str | None = None,  # noqa: ARG002 - above
    ) -> bool:
        """Return whether the member may decide."""
        return self.may(request, Action.SETTLE_REVIEW)

    @admin.display(description="Checks in doubt")
    def doubts(self, voice: Voice) -> str:
        """Return the names of the checks that are in doubt."""
        found = {
            check.name.replace("_", " ")
            for check in voice_checks.list_checks(voice)
            if check.result == voice_checks.DOUBT
        }
        return ", ".join(sorted(found))

    @admin.display(description="Recordings")
    def recordings(self, voice: Voice) -> SafeString:
        """Return a player for each recording."""
        rows = [
            (
                sample.position + 1,
                reverse("admin:voices_recordingreview_listen", args=[voice.pk, sample.position]),
                sample.position + 1,
            )
            for sample in voice.samples.order_by("position")
        ]
        players = format_html_join(
            "",
            "<li><span>Recording {}</span> "
            '<audio controls preload="none" src="{}" aria-label="Recording {}"></audio></li>',
            rows,
        )
        return format_html("<ol>{}</ol>", players)

    def _get_row(self, request: HttpRequest, object_id: str) -> Voice:
        row = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if row is None:
            raise Http404
        return row

    def _decide(
        self, request: HttpRequest, object_id: str, *, title: str, consequence: str, do: Act
    ) -> HttpResponse:
        # Back to the list, since a settled voice is not in it.
        return self.with_reason(
            request,
            self._get_row(request, object_id),
            action=Action.SETTLE_REVIEW,
            title=title,
            consequence=consequence,
            do=do,
            back=reverse("admin:voices_recordingreview_changelist"),
        )


def _send_recording(request: HttpRequest, sample: Sample) -> HttpResponse:
    """Answer with the bytes of a recording. Raises Http404 for one that an erasure has taken."""
    try:
        data = blobs.get_blob(sample.blob_id)
        return byte_ranges.answer_bytes(
            request, data, etag=f'"{sample.sha256}"', media_type=_guess_media_type(data)
        )
    except NotFound as gone:
        raise Http404 from gone
    except RangeBehindEnd as behind:
        size = behind.facts["size"]
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})


def _guess_media_type(data: bytes) -> str:
    try:
        return _MEDIA_TYPES[containers.recognise_container(data)]
    except UnreadableAudio:
        return "application/octet-stream"


def _approve(voice: Voice, actor: str, _given: Given) -> str:
    at = now_for(voice.organisation, livemode=voice.livemode, wall_time=clock.now())
    sample_reviews.approve_recordings(
        voice.id, organisation_id=voice.organisation_id, actor=actor, at=at
    )
    return "The voice is being made."


def _refuse(voice: Voice, actor: str, _given: Given) -> str:
    at = now_for(voice.organisation, livemode=voice.livemode, wall_time=clock.now())
    sample_reviews.refuse_recordings(
        voice.id, organisation_id=voice.organisation_id, actor=actor, at=at
    )
    return "The recordings are deleted."

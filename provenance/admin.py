"""Clips, exports and opinions on answers in the admin."""

from __future__ import annotations

from functools import partial
from typing import Final

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.db.models import Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.admin_base import (
    ReadOnlyAdmin,
    admin_button,
    demand_act,
    get_acting_member,
    get_actor_name,
)
from accounts.models import Member
from accounts.reason_forms import Given
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from core import clock
from core.api.responses import stream_parts
from core.caller_notes import Notes
from core.errors import SaysoError
from provenance import reader_feedback
from provenance.clips import clip_lifecycle
from provenance.clips.clip_fields import list_admin_columns
from provenance.exports import export_requests
from provenance.exports.zip_stream import join_blocks
from provenance.models import Clip, Export, Feedback
from vault import signing_keys
from vault.notes_admin import NotedAdmin

_WITH_WORDS: Final = (
    "All live records and the whole log in a bundle that verifies offline. It is kept for a week."
)
_WITHOUT_WORDS: Final = (
    f"{_WITH_WORDS} The words of intended uses, which may name people, are not in it: their hashes "
    "stand for them."
)


@admin.register(Clip)
class ClipAdmin(NotedAdmin[Clip]):
    found_by = ("external_id", "client_reference")
    list_display = (
        "id",
        "state",
        "language",
        "use_case",
        "codec",
        "duration_ms",
        "mode",
        "issued_at",
    )
    list_filter = ("state", "codec", "livemode")
    search_fields = ("id", "sha256", "sha256_pcm", "consent_id", "voice_id", "decision_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "id")
    fields = (*list_admin_columns(), "mode")

    def open_notes(self, row: Clip) -> Notes:
        """Open the clip's notes."""
        return clip_lifecycle.open_clip_notes(row)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin[Export]):
    list_display = ("id", "kind", "state", "mode", "size", "created_at", "expires_at")
    list_filter = ("kind", "state", "livemode")
    search_fields = ("id",)
    ordering = ("-created_at", "id")
    fields = (
        "id", "kind", "state", "code", "mode", "from_at", "to_at", "speaker_id", "words", "actor",
        "rows_done", "size", "sha256", "log_size", "created_at", "finished_at", "expires_at",
    )  # fmt: skip
    actions_list = ("audit",)
    actions_detail = ("download",)

    @admin_button(text="Export for audit", path="audit", permission="export")
    def audit(self, request: HttpRequest) -> HttpResponse:
        """Request an audit bundle of all live data."""
        return self.with_reason(
            request,
            None,
            action=Action.EXPORT,
            title="Export for audit",
            consequence=_WITH_WORDS if self.may(request, Action.OPEN_SPEAKER) else _WITHOUT_WORDS,
            do=partial(
                _request_audit_export,
                get_acting_member(request),
                words=self.may(request, Action.OPEN_SPEAKER),
            ),
            back=reverse("admin:provenance_export_changelist"),
        )

    @admin_button(text="Download", path="download", permission="export")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Return the bundle when it is ready. The log records the download.

        Raises Http404, PermissionDenied.
        """
        export = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if export is None or not self.may(request, Action.EXPORT):
            raise Http404

        demand_act(request, Action.EXPORT)
        if export.opens_people:
            demand_act(request, Action.OPEN_SPEAKER)

        at = now_for(export.organisation, livemode=export.livemode, wall_time=clock.now())
        try:
            pieces = export_requests.download_bundle(
                export, actor=get_actor_name(get_acting_member(request)), at=at
            )
        except SaysoError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(
                reverse("admin:provenance_export_change", args=[quote(export.pk)])
            )

        answer = stream_parts(request, join_blocks(pieces), content_type="application/zip")
        answer["Content-Disposition"] = f'attachment; filename="{export.id}.zip"'
        return answer

    def has_export_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return whether the member may export: owners, officers and auditors.

        Auditors may not have a bundle that names people.
        """
        if (
            object_id is None
            or not self.may(request, Action.EXPORT)
            or self.may(request, Action.OPEN_SPEAKER)
        ):
            return self.may(request, Action.EXPORT)

        export = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        return export is not None and not export.opens_people


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin[Feedback]):
    list_display = ("created_at", "opinion", "verdict", "clip_id", "language")
    list_filter = ("opinion", "verdict", "language")
    ordering = ("-created_at", "-id")
    fields = ("created_at", "opinion", "verdict", "clip_id", "show_words", "language")
    readonly_fields = ("show_words",)

    @admin.display(description="Words")
    def show_words(self, row: Feedback) -> str:
        """Return the words of an opinion, as long as the person in the clip is not erased."""
        return reader_feedback.open_feedback_words(row)

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[Feedback]:
        """Return the opinions on the organisation's clips.

        The operator also sees the general ones.
        """
        member = get_acting_member(request)
        general = Q(organisation=None) if member.is_superuser else Q(pk__in=())
        return Feedback.objects.filter(Q(organisation=member.organisation_id) | general)


def _request_audit_export(
    member: Member,
    row: None,  # noqa: ARG001 - the shape of an act
    actor: str,
    given: Given,  # noqa: ARG001 - the shape of an act
    *,
    words: bool,
) -> str:
    # This makes the key that will sign the first bundle, because the log entry of the request names
    # it.
    signing_keys.get_signer("exports", organisation_id=member.organisation_id, at=clock.now())
    export = export_requests.request_export(
        organisation_id=member.organisation_id,
        livemode=True,
        kind="audit",
        start=None,
        end=None,
        speaker_id=None,
        words=words,
        at=clock.now(),
        actor=actor,
    )

    return f"Export {export.id} is being made."

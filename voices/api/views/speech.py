"""REST: speech now, speech as a job, and many texts as one job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller, get_caller
from audio import encoding
from core import database_clock, request_fence
from core.api.openapi import describe_header, describe_polling
from core.api.serializers import flatten_errors, read_form
from core.caller_notes import Notes
from core.errors import Fault, Invalid
from voices.api.request_mapping import to_speech_request
from voices.api.serializers.capability_serializers import AUDIO
from voices.api.serializers.job_serializers import JobSerializer
from voices.api.serializers.speech_forms import (
    BatchFormSerializer,
    LineFormSerializer,
    SpeechFormSerializer,
)
from voices.api.views.jobs import answer_job
from voices.models import Job, JobKind
from voices.speech import dispatch
from voices.speech.clip_delivery import DeliveredClip
from voices.speech.preparation import PreparedSpeech
from voices.synthesis_requests import SpeechRequest

_MOST_FAULTS: Final = 100
_OF_THE_JOB: Final = frozenset({"items", "delivery", "external_id", "metadata"})


class SpeechView(APIView):
    """Speech of one text."""

    scope = "speech"

    @extend_schema(
        operation_id="speech_create",
        request=SpeechFormSerializer,
        parameters=[
            describe_header("Sayso-Clip", "The clip's id. Its facts are at `/v1/clips/{id}`.", 200),
            describe_header("Sayso-Decision", "The decision that allowed it.", 200),
            describe_header(
                "Sayso-Content-Sha256", "SHA-256 of the body, in hex. Not with a stream.", 200
            ),
            describe_header(
                "Sayso-Disclosure",
                "`spoken`: it says at its start that it is synthetic. `label`: show it as such.",
                200,
            ),
            describe_header(
                "Sayso-Aigc-Label",
                "China's hidden label as JSON, when the clip carries it (`aigc_label`).",
                200,
            ),
            describe_header(
                "Sayso-Padded-Ms",
                "How much room tone was put behind a line that is too short for the watermark. Of "
                "a stream the clip's `padded_ms` says it.",
                200,
            ),
            describe_header(
                "Link",
                "Where the clip's receipt is, and its manifest: "
                '`<…>; rel="describedby", <…>; rel="c2pa-manifest"`.',
                200,
            ),
            describe_header("Location", "Where the job is.", 202),
            describe_polling(202),
        ],
        responses={**AUDIO, 202: JobSerializer, 404: None},
    )
    def post(self, request: Request) -> HttpResponse | Response:
        """Speak a text, if a consent covers it: audio at once, as a stream, or a job.

        `delivery.mode: stream` sends the first bytes while later sentences are still being made. A
        stream that does not end like a whole answer was broken off: consent ended, or something
        failed. Its facts are at `/v1/clips/{id}`, which says `aborted` then. WAV declares no length
        in a stream. FLAC cannot be streamed.
        """
        caller = get_caller(request)
        form = read_form(SpeechFormSerializer, request.data)
        order = to_speech_request(form, caller)
        mode = form.get("delivery", {}).get("mode")
        if mode == "stream":
            return _build_stream_head(
                dispatch.stream_text(order, principal=caller.principal, now=caller.now).prepared
            )
        if mode == "job":
            job = dispatch.queue_job(
                [order],
                kind=JobKind.SPEECH,
                principal=caller.principal,
                at=caller.now(),
                wall_time=database_clock.get_work_time(),
                notes=replace(order.notes, client_reference=""),
            )
            return _respond_with_job(job)
        spoken = dispatch.speak_text(
            order,
            principal=caller.principal,
            now=caller.now,
            conclude=lambda delivered: request_fence.keep_answer(_respond_with_audio(delivered)),
        )
        return _respond_with_audio(spoken)


class SpeechBatchView(APIView):
    """Speech of many texts."""

    scope = "speech"
    # A thousand texts of five thousand characters, most of them ASCII.
    body_limit = 16 * 2**20

    @extend_schema(
        operation_id="speech_batch",
        request=BatchFormSerializer,
        parameters=[
            describe_header("Location", "Where the job is.", 202),
            describe_polling(202),
        ],
        responses={202: JobSerializer, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Queue up to a thousand texts as one job. Each asks the gate when its turn comes."""
        caller = get_caller(request)
        form = read_form(BatchFormSerializer, request.data)
        orders = _parse_batch(request.data, form, caller)
        job = dispatch.queue_job(
            orders,
            kind=JobKind.BATCH,
            principal=caller.principal,
            at=caller.now(),
            wall_time=database_clock.get_work_time(),
            notes=Notes.from_form(form),
        )
        return _respond_with_job(job)


def _respond_with_job(job: Job) -> Response:
    location = reverse("job", args=[job.id])
    return answer_job(job, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


def _respond_with_audio(spoken: DeliveredClip) -> HttpResponse:
    response = HttpResponse(spoken.data, content_type=spoken.media_type)
    response["Sayso-Content-Sha256"] = spoken.sha256
    response["Sayso-Padded-Ms"] = str(spoken.padded_ms)
    if spoken.aigc_label:
        response["Sayso-Aigc-Label"] = spoken.aigc_label
    return _set_clip_headers(response, spoken.clip_id, spoken.decision_id, spoken.disclosure)


def _build_stream_head(prepared: PreparedSpeech) -> HttpResponse:
    """Return the head of a streamed answer. Its body comes from the edge."""
    response = HttpResponse(
        b"", content_type=encoding.get_media_type(prepared.request.output.codec)
    )
    response["X-Accel-Buffering"] = (
        "no"  # a proxy that collects the whole first would make it no stream
    )
    if prepared.aigc_label is not None:
        response["Sayso-Aigc-Label"] = prepared.aigc_label.text()
    return _set_clip_headers(
        response,
        prepared.reservation.clip_id,
        prepared.permit.decision_id,
        prepared.disclosure,
    )


def _set_clip_headers(
    response: HttpResponse, clip_id: str, decision_id: str, disclosure: str
) -> HttpResponse:
    response["Sayso-Clip"] = clip_id
    response["Sayso-Decision"] = decision_id
    response["Sayso-Disclosure"] = disclosure
    receipt = settings.SAYSO_PUBLIC_URL + reverse("clip-receipt", args=[clip_id])
    manifest = settings.SAYSO_PUBLIC_URL + reverse("clip-manifest", args=[clip_id])
    response["Link"] = (
        f'<{receipt}>; rel="describedby"; type="application/jose", '
        f'<{manifest}>; rel="c2pa-manifest"'
    )
    response["Cache-Control"] = "no-store"
    return response


def _parse_batch(data: Any, form: dict[str, Any], caller: Caller) -> list[SpeechRequest]:
    """Read every item with the common fields beneath it.

    Raises Invalid with the faults of all items.
    """
    common = {name: value for name, value in data.items() if name not in _OF_THE_JOB}
    orders: list[SpeechRequest] = []
    wrong: list[Fault] = []
    for number, item in enumerate(form["items"]):
        bound = LineFormSerializer(data={**common, **item})
        try:
            if not bound.is_valid():
                wrong += flatten_errors(bound.errors, f"items.{number}")
                continue
            clean = cast("dict[str, Any]", bound.validated_data)
            orders.append(to_speech_request(clean, caller))
        except Invalid as invalid:
            wrong += [
                Fault(code=fault.code, detail=fault.detail, attr=f"items.{number}.{fault.attr}")
                for fault in invalid.faults
            ]
    if wrong:
        raise Invalid("Some items are wrong.", faults=tuple(wrong[:_MOST_FAULTS]))
    return orders

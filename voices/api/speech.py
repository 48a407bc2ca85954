"""REST: speech now, speech as a job, many texts as one job, and how far jobs are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import Caller, caller_of
from core import clock
from core.errors import Fault, Invalid
from core.rest import faults, page, read
from core.schemas import PAGE, sent
from provenance.audio import encoding
from voices import serializers as forms
from voices.api import outputs
from voices.api.callers import asker, line, notes_of
from voices.models import Job, JobKind
from voices.orders import SpeechOrder
from voices.pipeline import Spoken
from voices.services import jobs, speech
from voices.streaming.live import Papers

_MOST_FAULTS: Final = 100
_OF_THE_JOB: Final = frozenset({"items", "delivery", "external_id", "metadata"})


class Speech(APIView):
    """Speech of one text."""

    scope = "speech"

    @extend_schema(
        operation_id="speech_create",
        request=forms.SpeechForm,
        parameters=[
            sent("Sayso-Clip", "The clip's id; its facts are at `/v1/clips/{id}`.", 200),
            sent("Sayso-Decision", "The decision that allowed it.", 200),
            sent("Sayso-Content-Sha256", "SHA-256 of the body, in hex; not with a stream.", 200),
            sent(
                "Sayso-Disclosure",
                "`spoken`: it says at its start that it is synthetic; `label`: show it as such.",
                200,
            ),
            sent("Sayso-Aigc-Label", "China's hidden label as JSON, when the clip carries it (`aigc_label`).", 200),
            sent(
                "Link",
                'Where the clip\'s receipt is, and its manifest: `<…>; rel="describedby", <…>; rel="c2pa-manifest"`.',
                200,
            ),
            sent("Location", "Where the job is.", 202),
        ],
        responses={(200, "audio/*"): OpenApiTypes.BINARY, 202: outputs.JobObject, 404: None},
    )
    def post(self, request: Request) -> HttpResponse | Response:
        """Speak a text, if a consent covers it: audio at once, as a stream, or a job.

        `delivery.mode: stream` sends the first bytes while later sentences are still being made. A stream that does not
        end like a whole answer was broken off: consent ended, or something failed. Its facts are at `/v1/clips/{id}`,
        which says `aborted` then. WAV declares no length in a stream; FLAC cannot be streamed.
        """
        caller = caller_of(request)
        form = read(forms.SpeechForm, request.data)
        order, options = line(form, caller), form.get("provider_options", {})
        mode = form.get("delivery", {}).get("mode")
        if mode == "stream":
            return _head(speech.stream(order, options, asker=asker(caller), now=caller.now).papers)
        if mode == "job":
            job = speech.queue(
                [order],
                options,
                kind=JobKind.SPEECH,
                asker=asker(caller),
                at=caller.now(),
                real=clock.now(),
                notes=replace(order.notes, client_reference=""),
            )
            return _accepted(job)
        return _audio(speech.speak(order, options, asker=asker(caller), now=caller.now))


class SpeechBatch(APIView):
    """Speech of many texts."""

    scope = "speech"
    # A thousand texts of five thousand characters, most of them ASCII.
    body_limit = 16 * 2**20

    @extend_schema(
        operation_id="speech_batch",
        request=forms.BatchForm,
        parameters=[sent("Location", "Where the job is.", 202)],
        responses={202: outputs.JobObject, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Queue up to a thousand texts as one job; each asks the gate when its turn comes."""
        caller = caller_of(request)
        form = read(forms.BatchForm, request.data)
        orders, options = _lines(request.data, form, caller)
        job = speech.queue(
            orders,
            options,
            kind=JobKind.BATCH,
            asker=asker(caller),
            at=caller.now(),
            real=clock.now(),
            notes=notes_of(form),
        )
        return _accepted(job)


class Jobs(APIView):
    """The organisation's jobs."""

    scope = "speech"

    @extend_schema(operation_id="jobs_list", parameters=list(PAGE), responses=outputs.JobList)
    def get(self, request: Request) -> Response:
        """List the jobs, newest first."""
        return page(request, jobs.of(asker(caller_of(request))), outputs.job)


class OneJob(APIView):
    """One job."""

    scope = "speech"

    @extend_schema(operation_id="jobs_retrieve", responses=outputs.JobObject)
    def get(self, request: Request, job_id: str) -> Response:
        """Show how far the job is, and the clips that it made."""
        return Response(outputs.job_in_full(jobs.find(job_id, asker=asker(caller_of(request)))))


def _accepted(job: Job) -> Response:
    headers = {"Location": f"/v1/jobs/{job.id}"}
    return Response(outputs.job_in_full(job), status=status.HTTP_202_ACCEPTED, headers=headers)


def _audio(spoken: Spoken) -> HttpResponse:
    response = HttpResponse(spoken.data, content_type=spoken.media_type)
    response["Sayso-Content-Sha256"] = spoken.sha256
    if spoken.aigc_label:
        response["Sayso-Aigc-Label"] = spoken.aigc_label
    return _with_papers(response, spoken.clip_id, spoken.decision_id, spoken.disclosure)


def _head(papers: Papers) -> HttpResponse:
    """The head of a streamed answer; its body comes from the edge."""
    response = HttpResponse(b"", content_type=encoding.media_type(papers.order.output.codec))
    response["X-Accel-Buffering"] = "no"  # a proxy that collects the whole first would make it no stream
    if papers.label is not None:
        response["Sayso-Aigc-Label"] = papers.label.text()
    return _with_papers(response, papers.intent.clip_id, papers.permit.decision_id, papers.disclosure)


def _with_papers(response: HttpResponse, clip_id: str, decision_id: str, disclosure: str) -> HttpResponse:
    response["Sayso-Clip"] = clip_id
    response["Sayso-Decision"] = decision_id
    response["Sayso-Disclosure"] = disclosure
    clip = f"{settings.SAYSO_PUBLIC_URL}/v1/clips/{clip_id}"
    response["Link"] = (
        f'<{clip}/receipt>; rel="describedby"; type="application/jose", <{clip}/manifest>; rel="c2pa-manifest"'
    )
    response["Cache-Control"] = "no-store"
    return response


def _lines(data: Any, form: dict[str, Any], caller: Caller) -> tuple[list[SpeechOrder], dict[str, object]]:
    """Read every item with the common fields beneath it. Raises Invalid with the faults of all items."""
    common = {name: value for name, value in data.items() if name not in _OF_THE_JOB}
    orders: list[SpeechOrder] = []
    options: dict[str, object] = {}
    wrong: list[Fault] = []
    for number, item in enumerate(form["items"]):
        bound = forms.LineForm(data={**common, **item})
        try:
            if not bound.is_valid():
                wrong += faults(bound.errors, f"items.{number}")
                continue
            clean = cast("dict[str, Any]", bound.validated_data)
            options |= clean.get("provider_options", {})
            orders.append(line(clean, caller))
        except Invalid as invalid:
            wrong += [
                Fault(code=fault.code, detail=fault.detail, attr=f"items.{number}.{fault.attr}")
                for fault in invalid.faults
            ]
    if wrong:
        raise Invalid("Some items are wrong.", code=wrong[0].code, faults=tuple(wrong[:_MOST_FAULTS]))
    return orders, options

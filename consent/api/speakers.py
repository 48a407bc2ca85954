"""REST: speakers."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import caller_of
from consent import inputs, outputs, schemas, services, speakers
from consent.api.paths import known
from consent.models import Speaker
from core.rest import page, read
from core.schemas import PAGE, sent


class Speakers(APIView):
    """The people whose voices these are."""

    scope = "speakers"

    @extend_schema(operation_id="speakers_list", parameters=list(PAGE), responses=schemas.SpeakerList)
    def get(self, request: Request) -> Response:
        """List the speakers, newest first."""
        caller = caller_of(request)
        rows = Speaker.objects.filter(organisation_id=caller.organisation_id, livemode=caller.livemode)
        return page(request, rows, outputs.speaker)

    @extend_schema(
        operation_id="speakers_create",
        request=inputs.NewSpeaker,
        parameters=[sent("Location", "Where the speaker is.", 201)],
        responses={201: schemas.SpeakerObject},
    )
    def post(self, request: Request) -> Response:
        """Enter a person whose consent will be asked."""
        caller = caller_of(request)
        made = services.create_speaker(
            organisation=caller.organisation,
            livemode=caller.livemode,
            actor=caller.actor,
            at=caller.now(),
            **read(inputs.NewSpeaker, request.data),
        )
        return Response(
            outputs.speaker(made), status=status.HTTP_201_CREATED, headers={"Location": f"/v1/speakers/{made.id}"}
        )


class OneSpeaker(APIView):
    """One person."""

    scope = "speakers"

    @extend_schema(operation_id="speakers_retrieve", responses=schemas.SpeakerObject)
    def get(self, request: Request, speaker_id: str) -> Response:
        """Show a speaker."""
        caller = caller_of(request)
        speaker_id = known(speaker_id, "spk", "speaker")
        found = speakers.find(speaker_id, organisation_id=caller.organisation_id, livemode=caller.livemode)
        return Response(outputs.speaker(found))

    @extend_schema(
        operation_id="speakers_update", request=inputs.SpeakerUpdate, responses={200: schemas.SpeakerObject, 409: None}
    )
    def patch(self, request: Request, speaker_id: str) -> Response:
        """Change what is known of a speaker; what somebody signed under by a correction, with its reason."""
        caller = caller_of(request)
        changes = read(inputs.SpeakerUpdate, request.data)
        correction = changes.pop("correction", None)
        changed = services.update_speaker(
            known(speaker_id, "spk", "speaker"),
            organisation=caller.organisation,
            livemode=caller.livemode,
            changes=changes,
            correction=correction["reason"] if correction else None,
            actor=caller.actor,
            at=caller.now(),
        )
        return Response(outputs.speaker(changed))

"""Speakers over REST."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent import selectors, services, speakers
from consent.api.serializers.speaker_serializers import (
    NewSpeakerSerializer,
    SpeakerFilterSerializer,
    SpeakerList,
    SpeakerSerializer,
    SpeakerUpdateSerializer,
)
from core.api.openapi import describe_header
from core.api.pagination import PAGE, list_page, read_filters
from core.api.serializers import read_form
from vault import key_rings


class SpeakerListView(APIView):
    """The people whose voices these are."""

    scope = "speakers"

    @extend_schema(
        operation_id="speakers_list",
        parameters=[SpeakerFilterSerializer, *PAGE],
        responses=SpeakerList,
    )
    def get(self, request: Request) -> Response:
        """List the speakers, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        rows = selectors.filter_speakers(
            read_form(SpeakerFilterSerializer, asked),
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            at=caller.now(),
        )
        return list_page(
            request,
            rows,
            SpeakerList,
            filters=asked,
            among=selectors.list_speakers(caller.organisation_id, livemode=caller.livemode),
            within=lambda rows: key_rings.hold_subject_keys(row.subject for row in rows),
        )

    @extend_schema(
        operation_id="speakers_create",
        request=NewSpeakerSerializer,
        parameters=[describe_header("Location", "Where the speaker is.", 201)],
        responses={201: SpeakerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Enter a person whose consent will be asked."""
        caller = get_caller(request)
        made = services.create_speaker(
            organisation=caller.organisation,
            livemode=caller.livemode,
            actor=caller.actor,
            at=caller.now(),
            **read_form(NewSpeakerSerializer, request.data),
        )
        return Response(
            SpeakerSerializer(made).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("speaker", args=[made.id])},
        )


class SpeakerDetailView(APIView):
    """One person."""

    scope = "speakers"

    @extend_schema(operation_id="speakers_retrieve", responses=SpeakerSerializer)
    def get(self, request: Request, speaker_id: str) -> Response:
        """Show a speaker."""
        caller = get_caller(request)
        found = speakers.get_speaker(
            speaker_id, organisation_id=caller.organisation_id, livemode=caller.livemode
        )
        return Response(SpeakerSerializer(found).data)

    @extend_schema(
        operation_id="speakers_update",
        request=SpeakerUpdateSerializer,
        responses={200: SpeakerSerializer, 409: None},
    )
    def patch(self, request: Request, speaker_id: str) -> Response:
        """Change what is known of a speaker. What stands under a signature changes by a correction,
        with its reason.
        """
        caller = get_caller(request)
        changes = read_form(SpeakerUpdateSerializer, request.data)
        correction = changes.pop("correction", None)
        changed = services.update_speaker(
            speaker_id,
            organisation=caller.organisation,
            livemode=caller.livemode,
            changes=changes,
            correction=correction["reason"] if correction else None,
            actor=caller.actor,
            at=caller.now(),
        )
        return Response(SpeakerSerializer(changed).data)

"""Decisions over REST: to ask the gate without using anything."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller, get_caller
from consent import decision_records, gate, selectors, voice_lookup
from consent.api.serializers.decision_serializers import (
    DecisionFilterSerializer,
    DecisionList,
    DecisionSerializer,
    NewDecisionSerializer,
)
from core.api.openapi import describe_header
from core.api.pagination import PAGE, list_page, read_filters
from core.api.serializers import read_form
from core.caller_notes import Notes
from core.errors import NotFound


class DecisionListView(APIView):
    """Answers of the gate."""

    scope = "decisions"

    @extend_schema(
        operation_id="decisions_list",
        parameters=[DecisionFilterSerializer, *PAGE],
        responses=DecisionList,
    )
    def get(self, request: Request) -> Response:
        """List the decisions, newest first: those of calls, and answers to questions.

        `allowed=false` lists the refusals.
        """
        caller, asked = get_caller(request), read_filters(request)
        rows = selectors.filter_decisions(
            read_form(DecisionFilterSerializer, asked),
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            at=caller.now(),
        )
        return list_page(
            request,
            rows.select_related("consent__speaker"),
            DecisionList,
            filters=asked,
            among=selectors.list_decisions(caller.organisation_id, livemode=caller.livemode),
            within=lambda rows: decision_records.open_keys_of_decisions(
                rows, organisation_id=caller.organisation_id
            ),
        )

    @extend_schema(
        operation_id="decisions_create",
        request=NewDecisionSerializer,
        parameters=[describe_header("Sayso-Decision", "The decision's id.", 200)],
        responses={200: DecisionSerializer, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Ask whether something would be allowed, with all reasons when it would not."""
        caller = get_caller(request)
        form = read_form(NewDecisionSerializer, request.data)
        ask = _build_access_request(form, caller)
        decision = gate.preview_decision(
            ask, at=caller.now(), actor=caller.actor, notes=Notes.from_form(form)
        )
        # A retry is answered from store only while this permission holds. A refusal is always
        # decided once more.
        headers = {"Sayso-Decision": decision.id}
        return Response(DecisionSerializer(decision).data, headers=headers)


class DecisionDetailView(APIView):
    """One answer of the gate."""

    scope = "decisions"

    @extend_schema(operation_id="decisions_retrieve", responses=DecisionSerializer)
    def get(self, request: Request, decision_id: str) -> Response:
        """Show a decision."""
        caller = get_caller(request)
        rows = selectors.list_decisions(caller.organisation_id, livemode=caller.livemode)
        found = rows.filter(id=decision_id).first()
        if found is None:
            raise NotFound("There is no such decision.")
        return Response(DecisionSerializer(found).data)


def _build_access_request(form: dict[str, Any], caller: Caller) -> gate.AccessRequest:
    """Build the question as the gate takes it. What the caller leaves out falls back to the key's
    defaults, the provider to the voice's own.
    """
    consent_id, provider, ready, expired = form.get("consent"), None, True, False
    if voice_id := form.get("voice"):
        voice = voice_lookup.get_known_voice(
            voice_id, organisation_id=caller.organisation_id, livemode=caller.livemode
        )
        consent_id, provider = voice.consent_id, voice.provider
        ready, expired = voice.ready, voice.expired
    return gate.AccessRequest(
        organisation_id=caller.organisation_id,
        livemode=caller.livemode,
        action=form["action"],
        consent_id=consent_id,
        voice_id=voice_id,
        voice_ready=ready,
        voice_expired=expired,
        language=form.get("language") or caller.default_language,
        use_case=form.get("use_case") or caller.default_use_case,
        channel=form.get("channel") or caller.default_channel,
        territory=form.get("territory") or caller.default_territory,
        provider=form.get("provider") or provider,
        characters=form["characters"],
        labels=tuple(form.get("labels", ())),
    )

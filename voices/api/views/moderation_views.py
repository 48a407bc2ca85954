"""REST: the moderation endpoint."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from core import clock
from core.api.serializers import read_form
from voices.api.serializers.moderation_serializers import (
    ModerationEndpointFormSerializer,
    ModerationEndpointSerializer,
)
from voices.moderation import moderation_endpoints
from voices.moderation.moderation_endpoints import EndpointSettings


class ModerationEndpointView(APIView):
    """The endpoint that judges what texts contain, of live or of test data as the key is."""

    scope = "admin"

    @extend_schema(
        operation_id="moderation_endpoint_retrieve",
        responses={200: ModerationEndpointSerializer, 404: None},
    )
    def get(self, request: Request) -> Response:
        """Show the endpoint, without its key."""
        row = moderation_endpoints.get_endpoint(get_caller(request).principal)
        return Response(ModerationEndpointSerializer(row).data)

    @extend_schema(
        operation_id="moderation_endpoint_set",
        request=ModerationEndpointFormSerializer,
        responses={200: ModerationEndpointSerializer},
    )
    def post(self, request: Request) -> Response:
        """Set the endpoint. From now on every text is judged there before the gate decides.

        Its labels join those of the call. Where it gives no answer, the policy entry
        `unjudged_content` says what happens: without one, a text is refused where the person
        excluded something (`content_unjudged`).
        """
        caller = get_caller(request)
        form = read_form(ModerationEndpointFormSerializer, request.data)
        row = moderation_endpoints.set_endpoint(
            EndpointSettings(
                base_url=form["base_url"],
                is_self_hosted=form["self_hosted"],
                model=form.get("model") or "",
                labels=form.get("labels", {}),
                api_key=form.get("api_key"),
            ),
            principal=caller.principal,
            at=clock.now(),
        )
        return Response(ModerationEndpointSerializer(row).data)

    @extend_schema(
        operation_id="moderation_endpoint_clear",
        request=None,
        responses={200: ModerationEndpointSerializer, 404: None},
    )
    def delete(self, request: Request) -> Response:
        """Clear the endpoint and destroy its key. The answer says what it was."""
        caller = get_caller(request)
        row = moderation_endpoints.clear_endpoint(principal=caller.principal, at=clock.now())
        return Response(ModerationEndpointSerializer(row).data)

"""REST: statements, spoken in the words that a provider wants."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent import provider_statements, selectors
from core.api.pagination import PAGE, list_page
from core.api.parsers import StrictJSONParser
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from vault import key_rings
from voices import statement_intake
from voices.api.serializers.statement_serializers import (
    StatementFormSerializer,
    StatementList,
    StatementSerializer,
    StatementUploadSerializer,
    read_statement_upload,
)

BODY_LIMIT: Final = settings.SAYSO_MAX_UPLOAD_BYTES * 4 // 3 + 2**20
"""One recording of the largest size in base64, and a little for the rest."""


class StatementListView(APIView):
    """The statements beside a consent."""

    scope = "consents"
    parser_classes = (StrictJSONParser, UploadParser)
    body_limit = BODY_LIMIT

    @extend_schema(
        operation_id="consents_statements_list", parameters=[*PAGE], responses=StatementList
    )
    def get(self, request: Request, consent_id: str) -> Response:
        """List the statements of a consent, newest first."""
        caller = get_caller(request)
        organisation_id, livemode = caller.organisation_id, caller.livemode
        rows = provider_statements.list_statements(organisation_id, livemode=livemode)
        page = list_page(
            request,
            rows.filter(consent_id=consent_id),
            StatementList,
            within=lambda found: key_rings.hold_subject_keys(
                row.consent.speaker.subject for row in found
            ),
        )
        selectors.get_consent(consent_id, organisation_id=organisation_id, livemode=livemode)
        return page

    @extend_schema(
        operation_id="consents_statements_create",
        request={
            "application/json": StatementFormSerializer,
            "multipart/form-data": StatementUploadSerializer,
        },
        responses={201: StatementSerializer, 409: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Bring a recording of the sentence that a provider wants spoken before it clones.

        It is kept under the person's key, its hash goes into the log, and it leaves for that
        provider only with a clone that the consent permits. The same recording twice is one.
        """
        caller = get_caller(request)
        data = request.data
        body = read_statement_upload(data) if isinstance(data, QueryDict) else data
        form = read_form(StatementFormSerializer, body)
        statement = statement_intake.take_statement(
            consent_id,
            provider=form["provider"],
            language=form["language"],
            recording=form["recording_base64"],
            name=form.get("name", ""),
            principal=caller.principal,
            now=caller.now,
        )
        return Response(StatementSerializer(statement).data, status=status.HTTP_201_CREATED)


class StatementDetailView(APIView):
    """One statement."""

    scope = "consents"

    @extend_schema(
        operation_id="statements_delete",
        request=None,
        responses={200: StatementSerializer, 409: None},
    )
    def delete(self, request: Request, statement_id: str) -> Response:
        """Delete the recording here. Its hash stays, and voices made with it stay as they are."""
        caller = get_caller(request)
        statement = provider_statements.get_statement(
            statement_id, organisation_id=caller.organisation_id, livemode=caller.livemode
        )
        provider_statements.remove_statement(statement, actor=caller.actor, at=caller.now())
        return Response(StatementSerializer(statement).data)

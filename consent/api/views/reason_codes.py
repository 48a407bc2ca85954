"""Codes of reasons over REST."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent.api.serializers.reason_serializers import ReasonCodeList
from consent.policy import change_reasons
from core.api.pagination import ListPage


class ReasonListView(APIView):
    """Why something may be done."""

    scope = "consents"

    @extend_schema(operation_id="reasons_retrieve", responses=ReasonCodeList)
    def get(self, request: Request) -> Response:
        """List the codes of reasons: where each applies, and to which state of a consent it
        leads.
        """
        get_caller(request)
        return Response(ReasonCodeList(ListPage(list(change_reasons.CODES.values()))).data)

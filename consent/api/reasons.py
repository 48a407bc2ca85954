"""REST: the codes that a reason may be."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller_of
from consent.api import schemas
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from consent.policy.state_machine import MOVES
from core.api.serializers import Rendered


class Reasons(APIView):
    """Why something may be done."""

    scope = "consents"

    @extend_schema(operation_id="reasons_retrieve", responses=schemas.ReasonCodeList)
    def get(self, request: Request) -> Response:
        """List the codes of reasons: where each applies, and to which state of a consent it
        leads.
        """
        caller_of(request)
        data = [_render_reason_code(code) for code in change_reasons.CODES.values()]
        return Response(
            {"object": "list", "data": data, "has_more": False, "first_id": None, "last_id": None}
        )


def _render_reason_code(code: change_reasons.ReasonCode) -> Rendered:
    ends = Act.REVOKE in code.acts or Act.ERASE in code.acts
    return {
        "object": "reason",
        "code": code.name,
        "detail": code.meaning,
        "applies_to": [str(act) for act in Act if act in code.acts],
        "by": str(code.party) if ends else None,
        "leads_to": str(MOVES[change_reasons.ENDING_MOVE[code.party]].target) if ends else None,
    }

"""Changes of a consent over REST: revoke, suspend, resume, narrow, send the link again, sign as
test.
"""

from __future__ import annotations

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller, get_sandbox_caller
from consent import services
from consent.api.serializers.consent_forms import (
    NarrowingSerializer,
    NothingSerializer,
    ReasonRequestSerializer,
)
from consent.api.serializers.consent_serializers import ConsentSerializer
from consent.api.views.lookups import acting_as, answer_changed
from consent.models import Consent
from core.api.serializers import read_form


class ConsentRevocationView(APIView):
    """The end of a consent by the person's will."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_revoke", request=ReasonRequestSerializer, responses=ConsentSerializer
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Revoke the consent, at once and for good. Doing it twice changes nothing."""
        return _change_for_reason(request, consent_id, services.withdraw_consent)


class ConsentSuspensionView(APIView):
    """A pause."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_suspend",
        request=ReasonRequestSerializer,
        responses=ConsentSerializer,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Suspend the consent. Nothing is allowed until it is resumed."""
        return _change_for_reason(request, consent_id, services.suspend_consent)


class ConsentResumptionView(APIView):
    """The end of a pause."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_resume", request=ReasonRequestSerializer, responses=ConsentSerializer
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Resume a suspended consent, unless the person suspended it."""
        return _change_for_reason(request, consent_id, services.resume_consent)


class ConsentNarrowingView(APIView):
    """Less than was signed."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_narrow", request=NarrowingSerializer, responses=ConsentSerializer
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Narrow grants and providers. Only narrower is possible without a new signature."""
        caller, form = get_caller(request), read_form(NarrowingSerializer, request.data)
        changed = services.narrow_consent(consent_id, **form, **acting_as(caller))
        return answer_changed(changed.id, caller)


class ConsentResendingView(APIView):
    """Sending the link again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_resend",
        request=NothingSerializer,
        responses={200: ConsentSerializer, 409: None, 429: None, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Send the link of an open request again, to the address that the person has now.

        While it waits, or left in the last ten minutes, nothing changes. One request is sent ten
        times at most.
        """
        caller = get_caller(request)
        read_form(NothingSerializer, request.data)
        changed = services.resend_link(consent_id, **acting_as(caller))
        return answer_changed(changed.id, caller)


class TestSignatureView(APIView):
    """Signing in the sandbox."""

    scope = "consents"
    __test__ = False

    @extend_schema(
        operation_id="test_consents_sign", request=NothingSerializer, responses=ConsentSerializer
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Sign as the speaker, without the ceremony. Test keys only."""
        caller = get_sandbox_caller(request)
        read_form(NothingSerializer, request.data)
        signed = services.sign_as_test(
            consent_id,
            organisation_id=caller.organisation_id,
            actor=caller.actor,
            at=caller.now(),
        )
        return answer_changed(signed.id, caller)


def _change_for_reason(
    request: Request, consent_id: str, change: Callable[..., Consent]
) -> Response:
    caller, form = get_caller(request), read_form(ReasonRequestSerializer, request.data)
    changed = change(consent_id, reason=form["reason"], **acting_as(caller))
    return answer_changed(changed.id, caller)

"""REST: consents, from the request to their end, and what proves them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller, caller_of, sandbox_caller_of
from consent import consent_receipts, selectors, services
from consent.api import outputs, schemas, serializers
from consent.api.paths import require_id
from consent.models import Consent
from consent.models.consent import ConsentQuerySet
from consent.policy.state_machine import STANDING
from core.api.openapi import describe_header
from core.api.pagination import PAGE, filters_of, render_page
from core.api.responses import SecretResponse
from core.api.serializers import read_form
from transparency_log import proofs


class Consents(APIView):
    """Requests for consent, and what became of them."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_list",
        parameters=[serializers.ConsentFilter, *PAGE],
        responses=schemas.ConsentList,
    )
    def get(self, request: Request) -> Response:
        """List the consents, newest first."""
        caller = caller_of(request)
        asked = filters_of(request)
        rows = _filter_consents(
            _list_consents(caller), read_form(serializers.ConsentFilter, asked), at=caller.now()
        )
        return render_page(
            request, rows, partial(outputs.render_consent, at=caller.now()), filters=asked
        )

    @extend_schema(
        operation_id="consents_create",
        request=serializers.NewConsent,
        parameters=[describe_header("Location", "Where the consent is.", 201)],
        responses={201: schemas.RequestedConsent, 404: None, 503: None},
    )
    def post(self, request: Request) -> Response:
        """Ask a person for consent."""
        caller = caller_of(request)
        form = read_form(serializers.NewConsent, request.data)
        made = services.request_consent(
            organisation=caller.organisation,
            livemode=caller.livemode,
            speaker_id=require_id(form.pop("speaker"), "spk", "speaker"),
            actor=caller.actor,
            at=caller.now(),
            delivery=_pop_channel(form),
            **form,
        )
        return _render_created(made, caller)


class OneConsent(APIView):
    """One consent."""

    scope = "consents"

    @extend_schema(operation_id="consents_retrieve", responses=schemas.ConsentObject)
    def get(self, request: Request, consent_id: str) -> Response:
        """Show a consent."""
        caller = caller_of(request)
        return Response(outputs.render_consent(_get_consent(consent_id, caller), at=caller.now()))


class ConsentRecord(APIView):
    """The signed record."""

    scope = "consents"

    @extend_schema(operation_id="consents_record", responses={200: schemas.RecordObject, 409: None})
    def get(self, request: Request, consent_id: str) -> Response:
        """Give the exact signed bytes, the signature and the key."""
        return Response(outputs.render_record(_get_consent(consent_id, caller_of(request))))


class ConsentReceipt(APIView):
    """The person's copy, for computers."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_receipt_json", responses={200: schemas.ReceiptObject, 409: None}
    )
    def get(self, request: Request, consent_id: str) -> Response:
        """Give the receipt as JSON."""
        caller = caller_of(request)
        return Response(
            consent_receipts.receipt_to_json(_get_consent(consent_id, caller), at=caller.now())
        )


class ConsentReceiptPdf(APIView):
    """The person's copy, for people."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_receipt_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, consent_id: str) -> HttpResponse:
        """Give the receipt as PDF."""
        caller = caller_of(request)
        found = _get_consent(consent_id, caller)
        answer = HttpResponse(
            consent_receipts.receipt_to_pdf(found, at=caller.now()), content_type="application/pdf"
        )
        answer["Content-Disposition"] = f'attachment; filename="receipt-{found.id}.pdf"'
        return answer


class ConsentEvents(APIView):
    """What happened to a consent, from the log."""

    scope = "consents"

    @extend_schema(operation_id="consents_events", responses=schemas.EventList)
    def get(self, request: Request, consent_id: str) -> Response:
        """List everything that happened to the consent, oldest first; what was decided by it is in
        the audit export.
        """
        found = _get_consent(consent_id, caller_of(request))
        history = proofs.list_history(found.organisation_id, found.id, kinds="consent.")
        data = [outputs.render_event(one) for one in history]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return Response(
            {
                "object": "list",
                "data": data,
                "has_more": False,
                "first_id": ends[0],
                "last_id": ends[1],
            }
        )


class ConsentRevocation(APIView):
    """The end of a consent by the person's will."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_revoke",
        request=serializers.ReasonRequest,
        responses=schemas.ConsentObject,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Revoke, at once and for good. Doing it twice changes nothing."""
        caller, reason = (
            caller_of(request),
            read_form(serializers.ReasonRequest, request.data)["reason"],
        )
        changed = services.revoke_consent(
            require_id(consent_id, "con", "consent"), reason=reason, **_principal_of(caller)
        )
        return _render_changed(changed, caller)


class ConsentSuspension(APIView):
    """A pause."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_suspend",
        request=serializers.ReasonRequest,
        responses=schemas.ConsentObject,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Suspend: nothing is allowed until it is resumed."""
        caller, reason = (
            caller_of(request),
            read_form(serializers.ReasonRequest, request.data)["reason"],
        )
        changed = services.suspend_consent(
            require_id(consent_id, "con", "consent"), reason=reason, **_principal_of(caller)
        )
        return _render_changed(changed, caller)


class ConsentResumption(APIView):
    """The end of a pause."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_resume",
        request=serializers.ReasonRequest,
        responses=schemas.ConsentObject,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Resume a suspended consent, unless the person suspended it."""
        caller, reason = (
            caller_of(request),
            read_form(serializers.ReasonRequest, request.data)["reason"],
        )
        changed = services.resume_consent(
            require_id(consent_id, "con", "consent"), reason=reason, **_principal_of(caller)
        )
        return _render_changed(changed, caller)


class ConsentNarrowing(APIView):
    """Less than was signed."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_narrow",
        request=serializers.Narrowing,
        responses=schemas.ConsentObject,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Narrow the grants; only narrower is possible without a new signature."""
        caller, form = caller_of(request), read_form(serializers.Narrowing, request.data)
        changed = services.narrow_consent(
            require_id(consent_id, "con", "consent"), grants=form["grants"], **_principal_of(caller)
        )
        return _render_changed(changed, caller)


class ConsentRenewal(APIView):
    """Asking again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_renew",
        request=serializers.Renewal,
        parameters=[describe_header("Location", "Where the new request is.", 201)],
        responses={201: schemas.RequestedConsent, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Make a new request, prefilled; signing it takes this one's place."""
        caller, form = caller_of(request), read_form(serializers.Renewal, request.data)
        channel = _pop_channel(form)
        made = services.renew_consent(
            require_id(consent_id, "con", "consent"),
            delivery=channel,
            **form,
            **_principal_of(caller),
        )
        return _render_created(made, caller)


class ConsentResending(APIView):
    """Sending the link again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_resend",
        request=serializers.Nothing,
        responses={200: schemas.ConsentObject, 409: None, 429: None, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Send the link of an open request again, to the address that the person has now.

        While it waits, or left in the last ten minutes, nothing changes. One request is sent ten
        times at most.
        """
        caller = caller_of(request)
        read_form(serializers.Nothing, request.data)
        return _render_changed(
            services.resend_link(require_id(consent_id, "con", "consent"), **_principal_of(caller)),
            caller,
        )


class TestSignature(APIView):
    """Signing in the sandbox."""

    scope = "consents"
    __test__ = False

    @extend_schema(
        operation_id="test_consents_sign",
        request=serializers.Nothing,
        responses=schemas.ConsentObject,
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Sign as the speaker, without the ceremony. Test keys only."""
        caller = sandbox_caller_of(request)
        read_form(serializers.Nothing, request.data)
        signed = services.sign_as_test(
            require_id(consent_id, "con", "consent"),
            organisation_id=caller.organisation_id,
            actor=caller.actor,
            at=caller.now(),
        )
        return _render_changed(signed, caller)


def _pop_channel(form: dict[str, Any]) -> str | None:
    """Take the channel out of a form; None leaves the choice to us."""
    wanted = form.pop("delivery", None)
    return str(wanted["channel"]) if wanted else None


def _list_consents(caller: Caller) -> ConsentQuerySet:
    rows = Consent.objects.of(caller.organisation_id, livemode=caller.livemode)
    return rows.select_related("speaker", "notice_version__notice").prefetch_related(
        "grants", "deliveries"
    )


def _filter_consents(
    rows: ConsentQuerySet, form: dict[str, Any], *, at: datetime
) -> ConsentQuerySet:
    if speaker := form.get("speaker"):
        rows = rows.filter(speaker_id=speaker)
    if state := form.get("state"):
        rows = rows.reading(state, at=at)
    if before := form.get("expiring_before"):
        rows = rows.reading(*STANDING, at=at).filter(valid_until__lt=before)
    return rows


def _get_consent(consent_id: str, caller: Caller) -> Consent:
    consent_id = require_id(consent_id, "con", "consent")
    return selectors.get_consent(
        consent_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )


def _principal_of(caller: Caller) -> dict[str, Any]:
    return {
        "organisation_id": caller.organisation_id,
        "livemode": caller.livemode,
        "actor": caller.actor,
        "at": caller.now(),
    }


def _render_changed(changed: Consent, caller: Caller) -> Response:
    return Response(outputs.render_consent(_get_consent(changed.id, caller), at=caller.now()))


def _render_created(made: services.ConsentRequest, caller: Caller) -> Response:
    found = _get_consent(made.consent.id, caller)
    body = outputs.render_consent_request(found, made)
    # A live link is a secret that is shown once. In the sandbox a retry may show it again.
    answer = SecretResponse if caller.livemode and "signing_url" in body else Response
    return answer(
        body, status=status.HTTP_201_CREATED, headers={"Location": f"/v1/consents/{found.id}"}
    )

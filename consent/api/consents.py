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

from accounts.rest import Caller, caller_of, sandbox_caller_of
from consent import inputs, outputs, queries, receipts, schemas, services
from consent.api.paths import known
from consent.models import Consent
from consent.models.consent import ConsentQuerySet
from consent.rules.states import STANDING
from core.rest import SecretResponse, filters_of, page, read
from core.schemas import PAGE, sent
from provenance.ledger import proofs


class Consents(APIView):
    """Requests for consent, and what became of them."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_list", parameters=[inputs.ConsentFilter, *PAGE], responses=schemas.ConsentList
    )
    def get(self, request: Request) -> Response:
        """List the consents, newest first."""
        caller = caller_of(request)
        asked = filters_of(request)
        rows = _filtered(_mine(caller), read(inputs.ConsentFilter, asked), at=caller.now())
        return page(request, rows, partial(outputs.consent, at=caller.now()), filters=asked)

    @extend_schema(
        operation_id="consents_create",
        request=inputs.NewConsent,
        parameters=[sent("Location", "Where the consent is.", 201)],
        responses={201: schemas.RequestedConsent, 404: None, 503: None},
    )
    def post(self, request: Request) -> Response:
        """Ask a person for consent."""
        caller = caller_of(request)
        form = read(inputs.NewConsent, request.data)
        made = services.request_consent(
            organisation=caller.organisation,
            livemode=caller.livemode,
            speaker_id=known(form.pop("speaker"), "spk", "speaker"),
            actor=caller.actor,
            at=caller.now(),
            delivery=_channel(form),
            **form,
        )
        return _made(made, caller)


class OneConsent(APIView):
    """One consent."""

    scope = "consents"

    @extend_schema(operation_id="consents_retrieve", responses=schemas.ConsentObject)
    def get(self, request: Request, consent_id: str) -> Response:
        """Show a consent."""
        caller = caller_of(request)
        return Response(outputs.consent(_found(consent_id, caller), at=caller.now()))


class ConsentRecord(APIView):
    """The signed record."""

    scope = "consents"

    @extend_schema(operation_id="consents_record", responses={200: schemas.RecordObject, 409: None})
    def get(self, request: Request, consent_id: str) -> Response:
        """Give the exact signed bytes, the signature and the key."""
        return Response(outputs.record(_found(consent_id, caller_of(request))))


class ConsentReceipt(APIView):
    """The person's copy, for computers."""

    scope = "consents"

    @extend_schema(operation_id="consents_receipt_json", responses={200: schemas.ReceiptObject, 409: None})
    def get(self, request: Request, consent_id: str) -> Response:
        """Give the receipt as JSON."""
        caller = caller_of(request)
        return Response(receipts.as_json(_found(consent_id, caller), at=caller.now()))


class ConsentReceiptPdf(APIView):
    """The person's copy, for people."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_receipt_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY, 409: None}
    )
    def get(self, request: Request, consent_id: str) -> HttpResponse:
        """Give the receipt as PDF."""
        caller = caller_of(request)
        found = _found(consent_id, caller)
        answer = HttpResponse(receipts.as_pdf(found, at=caller.now()), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="receipt-{found.id}.pdf"'
        return answer


class ConsentEvents(APIView):
    """What happened to a consent, from the log."""

    scope = "consents"

    @extend_schema(operation_id="consents_events", responses=schemas.EventList)
    def get(self, request: Request, consent_id: str) -> Response:
        """List everything that happened to the consent, oldest first; what was decided by it is in the audit export."""
        found = _found(consent_id, caller_of(request))
        history = proofs.history(found.organisation_id, found.id, kinds="consent.")
        data = [outputs.event(one) for one in history]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return Response({"object": "list", "data": data, "has_more": False, "first_id": ends[0], "last_id": ends[1]})


class ConsentRevocation(APIView):
    """The end of a consent by the person's will."""

    scope = "consents"

    @extend_schema(operation_id="consents_revoke", request=inputs.Reason, responses=schemas.ConsentObject)
    def post(self, request: Request, consent_id: str) -> Response:
        """Revoke, at once and for good. Doing it twice changes nothing."""
        caller, reason = caller_of(request), read(inputs.Reason, request.data)["reason"]
        changed = services.revoke(known(consent_id, "con", "consent"), reason=reason, **_acting(caller))
        return _shown(changed, caller)


class ConsentSuspension(APIView):
    """A pause."""

    scope = "consents"

    @extend_schema(operation_id="consents_suspend", request=inputs.Reason, responses=schemas.ConsentObject)
    def post(self, request: Request, consent_id: str) -> Response:
        """Suspend: nothing is allowed until it is resumed."""
        caller, reason = caller_of(request), read(inputs.Reason, request.data)["reason"]
        changed = services.suspend(known(consent_id, "con", "consent"), reason=reason, **_acting(caller))
        return _shown(changed, caller)


class ConsentResumption(APIView):
    """The end of a pause."""

    scope = "consents"

    @extend_schema(operation_id="consents_resume", request=inputs.Reason, responses=schemas.ConsentObject)
    def post(self, request: Request, consent_id: str) -> Response:
        """Resume a suspended consent, unless the person suspended it."""
        caller, reason = caller_of(request), read(inputs.Reason, request.data)["reason"]
        changed = services.resume(known(consent_id, "con", "consent"), reason=reason, **_acting(caller))
        return _shown(changed, caller)


class ConsentNarrowing(APIView):
    """Less than was signed."""

    scope = "consents"

    @extend_schema(operation_id="consents_narrow", request=inputs.Narrowing, responses=schemas.ConsentObject)
    def post(self, request: Request, consent_id: str) -> Response:
        """Narrow the grants; only narrower is possible without a new signature."""
        caller, form = caller_of(request), read(inputs.Narrowing, request.data)
        changed = services.narrow(known(consent_id, "con", "consent"), grants=form["grants"], **_acting(caller))
        return _shown(changed, caller)


class ConsentRenewal(APIView):
    """Asking again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_renew",
        request=inputs.Renewal,
        parameters=[sent("Location", "Where the new request is.", 201)],
        responses={201: schemas.RequestedConsent, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Make a new request, prefilled; signing it takes this one's place."""
        caller, form = caller_of(request), read(inputs.Renewal, request.data)
        channel = _channel(form)
        made = services.renew(known(consent_id, "con", "consent"), delivery=channel, **form, **_acting(caller))
        return _made(made, caller)


class ConsentResending(APIView):
    """Sending the link again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_resend",
        request=inputs.Nothing,
        responses={200: schemas.ConsentObject, 409: None, 429: None, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Send the link of an open request again, to the address that the person has now.

        While it waits, or left in the last ten minutes, nothing changes. One request is sent ten times at most.
        """
        caller = caller_of(request)
        read(inputs.Nothing, request.data)
        return _shown(services.resend(known(consent_id, "con", "consent"), **_acting(caller)), caller)


class TestSignature(APIView):
    """Signing in the sandbox."""

    scope = "consents"
    __test__ = False

    @extend_schema(operation_id="test_consents_sign", request=inputs.Nothing, responses=schemas.ConsentObject)
    def post(self, request: Request, consent_id: str) -> Response:
        """Sign as the speaker, without the ceremony. Test keys only."""
        caller = sandbox_caller_of(request)
        read(inputs.Nothing, request.data)
        signed = services.sign_as_test(
            known(consent_id, "con", "consent"),
            organisation_id=caller.organisation_id,
            actor=caller.actor,
            at=caller.now(),
        )
        return _shown(signed, caller)


def _channel(form: dict[str, Any]) -> str | None:
    """Take the channel out of a form; None leaves the choice to us."""
    wanted = form.pop("delivery", None)
    return str(wanted["channel"]) if wanted else None


def _mine(caller: Caller) -> ConsentQuerySet:
    rows = Consent.objects.of(caller.organisation_id, livemode=caller.livemode)
    return rows.select_related("speaker", "notice_version__notice").prefetch_related("grants", "deliveries")


def _filtered(rows: ConsentQuerySet, form: dict[str, Any], *, at: datetime) -> ConsentQuerySet:
    if speaker := form.get("speaker"):
        rows = rows.filter(speaker_id=speaker)
    if state := form.get("state"):
        rows = rows.reading(state, at=at)
    if before := form.get("expiring_before"):
        rows = rows.reading(*STANDING, at=at).filter(valid_until__lt=before)
    return rows


def _found(consent_id: str, caller: Caller) -> Consent:
    consent_id = known(consent_id, "con", "consent")
    return queries.find(consent_id, organisation_id=caller.organisation_id, livemode=caller.livemode)


def _acting(caller: Caller) -> dict[str, Any]:
    return {
        "organisation_id": caller.organisation_id,
        "livemode": caller.livemode,
        "actor": caller.actor,
        "at": caller.now(),
    }


def _shown(changed: Consent, caller: Caller) -> Response:
    return Response(outputs.consent(_found(changed.id, caller), at=caller.now()))


def _made(made: services.Requested, caller: Caller) -> Response:
    found = _found(made.consent.id, caller)
    body = outputs.requested(found, made)
    # A live link is a secret that is shown once. In the sandbox a retry may show it again.
    answer = SecretResponse if caller.livemode and "signing_url" in body else Response
    return answer(body, status=status.HTTP_201_CREATED, headers={"Location": f"/v1/consents/{found.id}"})

"""Consents over REST: to ask for one, to read one, and what proves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller, get_caller
from consent import consent_receipts, services
from consent.api.serializers.consent_evidence import (
    EventList,
    ReceiptSerializer,
    RecordSerializer,
)
from consent.api.serializers.consent_forms import (
    ConsentChangesSerializer,
    ConsentFilterSerializer,
    NewConsentSerializer,
    RenewalSerializer,
)
from consent.api.serializers.consent_serializers import (
    ConsentList,
    ConsentSerializer,
    RequestedConsentSerializer,
)
from consent.api.views.list_filters import read_use_case
from consent.api.views.lookups import acting_as, answer_consent, get_own_consent
from consent.models import Consent, Grant
from consent.models.consent import ConsentQuerySet
from consent.policy.state_machine import BINDING
from core.api.openapi import describe_header
from core.api.pagination import PAGE, ListPage, list_page, read_filters, refuse_unknown
from core.api.responses import SecretResponse
from core.api.serializers import read_form
from transparency_log import proofs
from vault import key_rings, sealed_notes


class ConsentListView(APIView):
    """Requests for consent, and what became of them."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_list",
        parameters=[ConsentFilterSerializer, *PAGE],
        responses=ConsentList,
    )
    def get(self, request: Request) -> Response:
        """List the consents, newest first."""
        caller, filters = get_caller(request), read_filters(request)
        at = caller.now()

        rows = _filter_consents(
            _list_consents(caller), read_form(ConsentFilterSerializer, filters), caller, at=at
        )
        return list_page(
            request,
            rows,
            ConsentList,
            filters=filters,
            among=Consent.objects.of(caller.organisation_id, livemode=caller.livemode),
            within=lambda rows: _open_page(rows, at=at),
        )

    @extend_schema(
        operation_id="consents_create",
        request=NewConsentSerializer,
        parameters=[describe_header("Location", "Where the consent is.", 201)],
        responses={201: RequestedConsentSerializer, 404: None, 503: None},
    )
    def post(self, request: Request) -> Response:
        """Ask a person for consent."""
        caller, form = get_caller(request), read_form(NewConsentSerializer, request.data)
        made = services.request_consent(
            organisation=caller.organisation,
            livemode=caller.livemode,
            speaker_id=form.pop("speaker"),
            actor=caller.actor,
            at=caller.now(),
            delivery=_pop_channel(form),
            **form,
        )
        return _answer_created(made, caller)


class ConsentRenewalView(APIView):
    """Asking again."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_renew",
        request=RenewalSerializer,
        parameters=[describe_header("Location", "Where the new request is.", 201)],
        responses={201: RequestedConsentSerializer, 503: None},
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Make a new request, prefilled. Once signed, it takes this one's place."""
        caller, form = get_caller(request), read_form(RenewalSerializer, request.data)
        made = services.renew_consent(
            consent_id, delivery=_pop_channel(form), **form, **acting_as(caller)
        )
        return _answer_created(made, caller)


class ConsentDetailView(APIView):
    """One consent."""

    scope = "consents"

    @extend_schema(operation_id="consents_retrieve", responses=ConsentSerializer)
    def get(self, request: Request, consent_id: str) -> Response:
        """Show a consent."""
        caller = get_caller(request)
        return answer_consent(get_own_consent(consent_id, caller), caller)

    @extend_schema(
        operation_id="consents_update",
        request=ConsentChangesSerializer,
        responses={200: ConsentSerializer, 409: None},
    )
    def patch(self, request: Request, consent_id: str) -> Response:
        """Change your own id and notes of a consent. What was asked and signed never changes."""
        caller, form = get_caller(request), read_form(ConsentChangesSerializer, request.data)
        changed = services.annotate_consent(
            consent_id,
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            changes=form,
            at=caller.now(),
        )
        return answer_consent(changed, caller)


class ConsentRecordView(APIView):
    """The signed record."""

    scope = "consents"

    @extend_schema(operation_id="consents_record", responses={200: RecordSerializer, 409: None})
    def get(self, request: Request, consent_id: str) -> Response:
        """Return the exact signed bytes, the signature and the key."""
        return Response(RecordSerializer(get_own_consent(consent_id, get_caller(request))).data)


class ConsentReceiptView(APIView):
    """The person's copy, for computers."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_receipt_json", responses={200: ReceiptSerializer, 409: None}
    )
    def get(self, request: Request, consent_id: str) -> Response:
        """Return the receipt as JSON."""
        caller = get_caller(request)
        found = get_own_consent(consent_id, caller)
        receipt = consent_receipts.receipt_to_json(found, at=caller.now())
        return Response(ReceiptSerializer(receipt).data)


class ConsentReceiptPdfView(APIView):
    """The person's copy, for people."""

    scope = "consents"

    @extend_schema(
        operation_id="consents_receipt_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, consent_id: str) -> HttpResponse:
        """Return the receipt as PDF."""
        caller = get_caller(request)
        found = get_own_consent(consent_id, caller)
        return HttpResponse(
            consent_receipts.receipt_to_pdf(found, at=caller.now()),
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="receipt-{found.id}.pdf"'},
        )


class ConsentEventListView(APIView):
    """What happened to a consent, from the log."""

    scope = "consents"

    @extend_schema(operation_id="consents_events", responses={200: EventList, 422: None})
    def get(self, request: Request, consent_id: str) -> Response:
        """List everything that happened to the consent, oldest first.

        The audit export has what was decided by it.
        """
        refuse_unknown(request, ())
        found = get_own_consent(consent_id, get_caller(request))
        history = proofs.list_history(found.organisation_id, found.id, kinds="consent.")
        return Response(EventList(ListPage(list(history))).data)


@contextmanager
def _open_page(rows: Sequence[Consent], *, at: datetime) -> Iterator[dict[str, Any]]:
    """Hold the keys of the people of these consents, and yield what the serializers need."""
    with key_rings.hold_subject_keys(row.speaker.subject for row in rows):
        yield {"at": at}


def _pop_channel(form: dict[str, Any]) -> str | None:
    """Take the channel out of a form. None leaves the choice to us."""
    wanted = form.pop("delivery", None)
    return str(wanted["channel"]) if wanted else None


def _list_consents(caller: Caller) -> ConsentQuerySet:
    rows = Consent.objects.of(caller.organisation_id, livemode=caller.livemode)
    return rows.select_related("speaker", "notice_version__notice").prefetch_related(
        "grants", "deliveries"
    )


def _filter_consents(
    rows: ConsentQuerySet, form: dict[str, Any], caller: Caller, *, at: datetime
) -> ConsentQuerySet:
    rows = sealed_notes.filter_by_notes(rows, form, organisation_id=caller.organisation_id, at=at)
    if speaker := form.get("speaker"):
        rows = rows.filter(speaker_id=speaker)
    if state := form.get("state"):
        rows = rows.reading(state, at=at)
    if use_case := form.get("use_case"):
        rows = rows.filter(
            Exists(Grant.objects.filter(consent=OuterRef("pk"), use_case=read_use_case(use_case)))
        )
    if before := form.get("expiring_before"):
        rows = rows.reading(*BINDING, at=at).filter(valid_until__lt=before)
    return rows


def _answer_created(made: services.ConsentRequest, caller: Caller) -> Response:
    found = get_own_consent(made.consent.id, caller)
    body = RequestedConsentSerializer(found, context={"at": found.created_at, "request": made}).data

    # A live link is a secret that is shown once. In the sandbox a retry may show it again.
    answer = SecretResponse if caller.livemode and "signing_url" in body else Response
    return answer(
        body,
        status=status.HTTP_201_CREATED,
        headers={"Location": reverse("consent", args=[found.id])},
    )

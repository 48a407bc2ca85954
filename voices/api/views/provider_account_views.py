"""REST: accounts at voice providers."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import note_sealing
from accounts.authentication import Caller, get_caller
from consent.api.serializers.consent_forms import NothingSerializer
from core import clock
from core.api.openapi import describe_header
from core.api.pagination import PAGE, list_page, read_filters
from core.api.serializers import read_form
from core.caller_notes import Notes
from voices import provider_accounts
from voices.api.serializers.provider_account_serializers import (
    AccountChangesSerializer,
    AccountFilterSerializer,
    NewAccountSerializer,
    ProviderAccountList,
    ProviderAccountSerializer,
)
from voices.canary import account_canary, canary_requests
from voices.models.provider_account import ProviderAccountQuerySet
from voices.provider_accounts import NewAccount


class ProviderAccountListView(APIView):
    """The organisation's accounts at providers."""

    scope = "admin"

    @extend_schema(
        operation_id="provider_accounts_list",
        parameters=[AccountFilterSerializer, *PAGE],
        responses=ProviderAccountList,
    )
    def get(self, request: Request) -> Response:
        """List the accounts, newest first. A test key sees those of test data."""
        caller, asked = get_caller(request), read_filters(request)
        sealer = note_sealing.note_sealer.get()
        return list_page(
            request,
            _filter_accounts(read_form(AccountFilterSerializer, asked), caller),
            ProviderAccountList,
            filters=asked,
            among=provider_accounts.list_accounts(caller.principal),
            within=lambda _: sealer.hold_key(caller.organisation_id),
        )

    @extend_schema(
        operation_id="provider_accounts_create",
        request=NewAccountSerializer,
        parameters=[describe_header("Location", "Where the account is.", 201)],
        responses={201: ProviderAccountSerializer, 409: None},
    )
    def post(self, request: Request) -> Response:
        """Connect an account. Its credentials are encrypted, and no answer shows them.

        The address must be one of the public internet. A self-hosted engine may stand where the
        operator's list allows it.
        """
        caller = get_caller(request)
        form = read_form(NewAccountSerializer, request.data)
        row = provider_accounts.connect_account(
            NewAccount(
                provider=form["provider"],
                base_url=form.get("base_url"),
                credentials=form.get("credentials", {}),
                audio_origins=form.get("audio_origins", ()),
                settings=form.get("settings", {}),
                notes=Notes.from_form(form),
            ),
            principal=caller.principal,
            at=clock.now(),
        )
        return Response(
            ProviderAccountSerializer(row).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("provider-account", args=[row.id])},
        )


class ProviderAccountDetailView(APIView):
    """One account."""

    scope = "admin"

    @extend_schema(
        operation_id="provider_accounts_retrieve", responses={200: ProviderAccountSerializer}
    )
    def get(self, request: Request, account_id: str) -> Response:
        """Show the account, without its secrets."""
        row = provider_accounts.get_account(account_id, principal=get_caller(request).principal)
        return Response(ProviderAccountSerializer(row).data)

    @extend_schema(
        operation_id="provider_accounts_update",
        request=AccountChangesSerializer,
        responses={200: ProviderAccountSerializer},
    )
    def patch(self, request: Request, account_id: str) -> Response:
        """Change address, credentials, origins, settings or notes."""
        caller = get_caller(request)
        row = provider_accounts.change_account(
            account_id,
            read_form(AccountChangesSerializer, request.data),
            principal=caller.principal,
            at=clock.now(),
        )
        return Response(ProviderAccountSerializer(row).data)

    @extend_schema(
        operation_id="provider_accounts_delete",
        request=None,
        responses={200: ProviderAccountSerializer, 409: None},
    )
    def delete(self, request: Request, account_id: str) -> Response:
        """Remove the account and destroy its credentials. Its voices must be deleted before."""
        caller = get_caller(request)
        account = provider_accounts.get_account(account_id, principal=caller.principal)
        if not provider_accounts.has_voices(account):
            account_canary.discard_voices(account, actor=caller.actor, at=clock.now())
        row = provider_accounts.remove_account(
            account_id, principal=caller.principal, at=clock.now()
        )
        return Response(ProviderAccountSerializer(row).data)


class ProviderAccountCanaryView(APIView):
    """The check of one account."""

    scope = "admin"

    @extend_schema(
        operation_id="provider_accounts_canary",
        request=NothingSerializer,
        parameters=[describe_header("Location", "Where the account is.", 202)],
        responses={202: ProviderAccountSerializer},
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Have the account checked with the service's own voices. It takes a minute or more.

        A check that passes opens a closed account. `canary` of the account says what it has found.
        """
        caller = get_caller(request)
        read_form(NothingSerializer, request.data)
        row = canary_requests.ask_for_canary(account_id, principal=caller.principal, at=clock.now())
        return Response(
            ProviderAccountSerializer(row).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("provider-account", args=[row.id])},
        )


def _filter_accounts(form: dict[str, Any], caller: Caller) -> ProviderAccountQuerySet:
    rows = provider_accounts.list_accounts(caller.principal)
    if provider := form.get("provider"):
        rows = rows.filter(provider=provider)

    found: ProviderAccountQuerySet = note_sealing.note_sealer.get().filter_rows(
        rows, form, organisation_id=caller.organisation_id, at=clock.now()
    )
    return found

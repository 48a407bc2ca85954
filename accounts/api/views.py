"""API keys, the organisation and the test clock over REST."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import (
    api_key_changes,
    api_key_powers,
    contact_details,
    note_sealing,
    sandbox_clock,
)
from accounts.api import serializers
from accounts.api_key_changes import IssuedKey
from accounts.authentication import Caller, LiveKeyNeeded, get_caller, get_sandbox_caller
from accounts.models import ApiKey, Organisation
from core import clock
from core.api.pagination import PAGE, list_page, read_filters
from core.api.responses import SecretResponse
from core.api.serializers import read_form
from core.caller_notes import NoteChanges
from core.errors import NotFound


class ApiKeyListView(APIView):
    """The organisation's keys."""

    scope = "admin"

    @extend_schema(
        operation_id="api_keys_list",
        parameters=[serializers.KeyFilterSerializer, *PAGE],
        responses=serializers.ApiKeyList,
    )
    def get(self, request: Request) -> Response:
        """List the keys. A test key sees test keys only."""
        caller, asked = get_caller(request), read_filters(request)
        rows = _filter_keys(read_form(serializers.KeyFilterSerializer, asked), caller)
        sealer = note_sealing.note_sealer.get()
        return list_page(
            request,
            rows,
            serializers.ApiKeyList,
            filters=asked,
            among=_list_visible_keys(caller),
            within=lambda _: sealer.hold_key(caller.organisation_id),
        )

    @extend_schema(
        operation_id="api_keys_create",
        request=serializers.NewKeySerializer,
        responses={201: serializers.IssuedApiKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Issue a key. Its secret is in this answer and in no other."""
        caller = get_caller(request)
        form = read_form(serializers.NewKeySerializer, request.data)
        livemode = form.pop("mode") == "live"
        if livemode and not caller.livemode:
            raise LiveKeyNeeded("A test key cannot make a live key.")
        form = api_key_powers.demand_for_new(caller, form)
        issued = api_key_changes.issue_key(
            organisation=caller.organisation,
            livemode=livemode,
            scopes_granted=form.pop("scopes"),
            actor=caller.actor,
            at=clock.now(),
            **form,
        )
        return _answer_issued(issued, status.HTTP_201_CREATED)


class ApiKeyDetailView(APIView):
    """One key."""

    scope = "admin"

    @extend_schema(operation_id="api_keys_retrieve", responses=serializers.ApiKeySerializer)
    def get(self, request: Request, key_id: str) -> Response:
        """Show the key, without its secret."""
        return Response(serializers.ApiKeySerializer(_get_key(get_caller(request), key_id)).data)

    @extend_schema(
        operation_id="api_keys_update",
        request=serializers.KeyPatchSerializer,
        responses={200: serializers.ApiKeySerializer, 409: None},
    )
    def patch(self, request: Request, key_id: str) -> Response:
        """Change product, scopes, defaults, limit or expiry."""
        caller = get_caller(request)
        form = read_form(serializers.KeyPatchSerializer, request.data)
        keep_jobs = form.pop("keep_jobs", None)
        mine = _get_key(caller, key_id)
        api_key_powers.demand_for_change(caller, mine, form)
        key = api_key_changes.update_key(
            mine.id,
            organisation=caller.organisation,
            changes=form,
            keep_jobs=keep_jobs,
            actor=caller.actor,
            at=clock.now(),
        )
        return Response(serializers.ApiKeySerializer(key).data)

    @extend_schema(
        operation_id="api_keys_disable",
        request=serializers.KeyEndSerializer,
        responses={200: serializers.ApiKeySerializer},
    )
    def delete(self, request: Request, key_id: str) -> Response:
        """Disable the key at once and for good, and end what it began unless `keep_jobs` is
        true.
        """
        caller = get_caller(request)
        form = read_form(serializers.KeyEndSerializer, request.data)
        key = api_key_changes.disable_key(
            _get_key(caller, key_id).id,
            organisation=caller.organisation,
            actor=caller.actor,
            at=clock.now(),
            **form,
        )
        return Response(serializers.ApiKeySerializer(key).data)


class ApiKeyRotationView(APIView):
    """A new secret for a key."""

    scope = "admin"

    @extend_schema(
        operation_id="api_keys_rotate",
        request=serializers.RotationRequestSerializer,
        responses=serializers.IssuedApiKeySerializer,
    )
    def post(self, request: Request, key_id: str) -> Response:
        """Add a second secret to the key. The first stays good for the overlap that the answer
        states.
        """
        caller = get_caller(request)
        form = read_form(serializers.RotationRequestSerializer, request.data)
        mine = _get_key(caller, key_id)
        api_key_powers.demand_for_secret(caller, mine)
        issued = api_key_changes.rotate_key(
            mine.id, organisation=caller.organisation, actor=caller.actor, at=clock.now(), **form
        )
        return _answer_issued(issued, status.HTTP_200_OK)


class OrganisationView(APIView):
    """The organisation that the key belongs to."""

    scope = "admin"

    @extend_schema(
        operation_id="organisation_retrieve", responses=serializers.OrganisationSerializer
    )
    def get(self, request: Request) -> Response:
        """Show name and contact, as people see them on pages and receipts."""
        caller = get_caller(request)
        return _answer_organisation(caller.organisation, caller)

    @extend_schema(
        operation_id="organisation_update",
        request=serializers.OrganisationChangesSerializer,
        responses=serializers.OrganisationSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change how people reach the organisation. Live pages and test pages show the same
        contact.
        """
        caller = get_caller(request)
        form = read_form(serializers.OrganisationChangesSerializer, request.data)
        said: dict[str, str] = {
            name: form[name] or "" for name in contact_details.FIELDS if name in form
        }
        notes = {name: form[name] for name in ("external_id", "metadata") if name in form}
        row = contact_details.change_contact(
            caller.organisation_id,
            said,
            actor=caller.actor,
            at=clock.now(),
            notes=cast("NoteChanges", notes),
        )
        return _answer_organisation(row, caller)


class TestClockView(APIView):
    """The organisation's test clock."""

    __test__ = False  # not a test, whatever its name says
    scope = "admin"

    @extend_schema(operation_id="test_clock_retrieve", responses=serializers.TestClockSerializer)
    def get(self, request: Request) -> Response:
        """Show where the test clock stands, and how far it may be moved."""
        return _answer_clock(get_sandbox_caller(request).organisation)

    @extend_schema(
        operation_id="test_clock_reset",
        request=None,
        responses={200: serializers.TestClockSerializer},
    )
    def delete(self, request: Request) -> Response:
        """Set the test clock back to the real time.

        What was made ahead of it keeps its times, which then lie in the future.
        """
        caller = get_sandbox_caller(request)
        sandbox_clock.reset_test_clock(
            organisation=caller.organisation, actor=caller.actor, wall_time=clock.now()
        )
        return _answer_clock(caller.organisation)

    @extend_schema(
        operation_id="test_clock_advance",
        request=serializers.ClockAdvanceSerializer,
        responses=serializers.TestClockSerializer,
    )
    def post(self, request: Request) -> Response:
        """Move the test clock forward. Everything that test keys see lives at that time from now
        on.
        """
        caller = get_sandbox_caller(request)
        form = read_form(serializers.ClockAdvanceSerializer, request.data)
        sandbox_clock.advance_test_clock(
            organisation=caller.organisation,
            duration=form["advance"],
            actor=caller.actor,
            wall_time=clock.now(),
        )
        return _answer_clock(caller.organisation)


def _list_visible_keys(caller: Caller) -> QuerySet[ApiKey]:
    keys = ApiKey.objects.filter(organisation=caller.organisation)
    return keys if caller.livemode else keys.filter(livemode=False)


def _filter_keys(form: dict[str, Any], caller: Caller) -> QuerySet[ApiKey]:
    rows = _list_visible_keys(caller)
    if "mode" in form:
        rows = rows.filter(livemode=form["mode"] == "live")
    if "product" in form:
        rows = rows.filter(product=form["product"])

    return note_sealing.note_sealer.get().filter_rows(
        rows, form, organisation_id=caller.organisation_id, at=clock.now()
    )


def _get_key(caller: Caller, key_id: str) -> ApiKey:
    key = _list_visible_keys(caller).filter(id=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _answer_issued(issued: IssuedKey, code: int) -> Response:
    """Answer with a key and its secret, which no retry shows again."""
    context = {"secret": issued.secret}
    return SecretResponse(
        serializers.IssuedApiKeySerializer(issued.key, context=context).data, status=code
    )


def _answer_clock(organisation: Organisation) -> Response:
    reading = sandbox_clock.read_test_clock(organisation, wall_time=clock.now())
    return Response(serializers.TestClockSerializer(reading).data)


def _answer_organisation(row: Organisation, caller: Caller) -> Response:
    context = {"livemode": caller.livemode}
    return Response(serializers.OrganisationSerializer(row, context=context).data)

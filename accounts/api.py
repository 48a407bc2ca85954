"""REST: API keys and the test clock."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import contact, inputs, key_powers, outputs, services
from accounts.models import ApiKey
from accounts.rest import Caller, LiveKeyNeeded, caller_of, sandbox_caller_of
from core import clock
from core.errors import NotFound
from core.rest import SecretResponse, page, read, timestamp
from core.schemas import PAGE


class ApiKeys(APIView):
    """The organisation's keys."""

    scope = "admin"

    @extend_schema(operation_id="api_keys_list", parameters=list(PAGE), responses=outputs.ApiKeyList)
    def get(self, request: Request) -> Response:
        """List the keys; a test key sees test keys only."""
        return page(request, _visible(caller_of(request)), outputs.api_key)

    @extend_schema(operation_id="api_keys_create", request=inputs.NewKey, responses={201: outputs.IssuedApiKey})
    def post(self, request: Request) -> Response:
        """Issue a key; its secret is in this answer and never again."""
        caller = caller_of(request)
        form = read(inputs.NewKey, request.data)
        livemode = form.pop("mode") == "live"
        if livemode and not caller.livemode:
            raise LiveKeyNeeded("A test key cannot make a live key.")
        form = key_powers.demand_for_new(caller, form)
        issued = services.issue_key(
            organisation=caller.organisation,
            livemode=livemode,
            scopes_granted=form.pop("scopes"),
            actor=caller.actor,
            at=clock.now(),
            **form,
        )
        return SecretResponse(outputs.issued(issued), status=status.HTTP_201_CREATED)


class OneApiKey(APIView):
    """One key."""

    scope = "admin"

    @extend_schema(operation_id="api_keys_retrieve", responses=outputs.ApiKeyObject)
    def get(self, request: Request, key_id: str) -> Response:
        """Show the key, without its secret."""
        return Response(outputs.api_key(_mine(caller_of(request), key_id)))

    @extend_schema(
        operation_id="api_keys_update", request=inputs.KeyPatch, responses={200: outputs.ApiKeyObject, 409: None}
    )
    def patch(self, request: Request, key_id: str) -> Response:
        """Change product, scopes, defaults, limit or expiry."""
        caller = caller_of(request)
        form = read(inputs.KeyPatch, request.data)
        keep_jobs = form.pop("keep_jobs", None)
        mine = _mine(caller, key_id)
        key_powers.demand_for_change(caller, mine, form)
        key = services.update_key(
            mine.id,
            organisation=caller.organisation,
            changes=form,
            keep_jobs=keep_jobs,
            actor=caller.actor,
            at=clock.now(),
        )
        return Response(outputs.api_key(key))

    @extend_schema(operation_id="api_keys_disable", request=inputs.KeyEnd, responses={200: outputs.ApiKeyObject})
    def delete(self, request: Request, key_id: str) -> Response:
        """Disable the key at once and for good, and end what it began unless `keep_jobs` is true."""
        caller = caller_of(request)
        form = read(inputs.KeyEnd, request.data)
        key = services.disable_key(
            _mine(caller, key_id).id, organisation=caller.organisation, actor=caller.actor, at=clock.now(), **form
        )
        return Response(outputs.api_key(key))


class ApiKeyRotation(APIView):
    """A new secret for a key."""

    scope = "admin"

    @extend_schema(operation_id="api_keys_rotate", request=inputs.Rotation, responses=outputs.IssuedApiKey)
    def post(self, request: Request, key_id: str) -> Response:
        """Give the key a second secret; the first stays good for the overlap that the answer states."""
        caller = caller_of(request)
        form = read(inputs.Rotation, request.data)
        mine = _mine(caller, key_id)
        key_powers.demand_for_secret(caller, mine)
        issued = services.rotate_key(
            mine.id, organisation=caller.organisation, actor=caller.actor, at=clock.now(), **form
        )
        return SecretResponse(outputs.issued(issued))


class OneOrganisation(APIView):
    """The organisation that the key belongs to."""

    scope = "admin"

    @extend_schema(operation_id="organisation_retrieve", responses=outputs.OrganisationObject)
    def get(self, request: Request) -> Response:
        """Show name and contact, as people see them on pages and receipts."""
        caller = caller_of(request)
        return Response(outputs.organisation(caller.organisation, livemode=caller.livemode))

    @extend_schema(
        operation_id="organisation_update", request=inputs.OrganisationChanges, responses=outputs.OrganisationObject
    )
    def patch(self, request: Request) -> Response:
        """Change how people reach the organisation; live pages and test pages show the same contact."""
        caller = caller_of(request)
        form = read(inputs.OrganisationChanges, request.data)
        said = {name: value or "" for name, value in form.items()}
        row = contact.change(caller.organisation_id, said, actor=caller.actor, at=clock.now())
        return Response(outputs.organisation(row, livemode=caller.livemode))


class TestClock(APIView):
    """The organisation's test clock."""

    __test__ = False  # not a test, whatever its name says
    scope = "admin"

    @extend_schema(operation_id="test_clock_advance", request=inputs.ClockAdvance, responses=outputs.TestClockObject)
    def post(self, request: Request) -> Response:
        """Move the test clock forward; everything that test keys see lives at that time from now on."""
        caller = sandbox_caller_of(request)
        form = read(inputs.ClockAdvance, request.data)
        now = services.advance_test_clock(
            organisation=caller.organisation, duration=form["advance"], actor=caller.actor, real=clock.now()
        )
        return Response({"object": "test_clock", "livemode": False, "now": timestamp(now)})


def _visible(caller: Caller) -> QuerySet[ApiKey]:
    keys = ApiKey.objects.filter(organisation=caller.organisation)
    return keys if caller.livemode else keys.filter(livemode=False)


def _mine(caller: Caller, key_id: str) -> ApiKey:
    key = _visible(caller).filter(id=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    return key

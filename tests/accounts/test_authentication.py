"""Who calls, what they may touch, how often: every route's way in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import include, path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts import authentication, sandbox_clock
from accounts.models import ApiKey, Organisation
from core import clock, durations
from core.errors import RateLimited
from tests.fixtures.organisations import ClientOf, MakeKey


class Speakers(APIView):
    scope = "speakers"

    def get(self, request: Request) -> Response:
        caller = authentication.get_caller(request)
        return Response(
            {"actor": caller.actor, "use_case": caller.default_use_case, "now": caller.now()}
        )

    def post(self, request: Request) -> Response:
        return Response({"made": True})


class Forgotten(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("speakers", Speakers.as_view()),
    path("forgotten", Forgotten.as_view()),
    # Problem documents name their own pages.
    path("", include("config.urls")),
]


@pytest.fixture(autouse=True)
def routes(settings: Settings, db: None) -> None:
    settings.ROOT_URLCONF = __name__
    settings.REDIS_URL = None


class TestKeyAuthentication:
    def test_says_who_calls(self, client_of: ClientOf, make_key: MakeKey) -> None:
        key = make_key(default_use_case="entertainment.audiobook")
        answer = client_of(key).get("/speakers").data
        assert (answer["actor"], answer["use_case"]) == (
            f"key:{key.key.id}",
            "entertainment.audiobook",
        )

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Bearer",
            "Bearer ",
            "Basic abc",
            "Bearer sayso_live_x",
            "sayso",
            "Bearer é",
            "Bearer a b",
        ],
    )
    def test_lets_no_one_in_without_a_good_key(self, header: str) -> None:
        answer = APIClient(HTTP_AUTHORIZATION=header).get("/speakers")
        assert (answer.status_code, answer.data["code"]) == (401, "unauthenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_lets_no_one_in_without_a_header(self) -> None:
        answer = APIClient().get("/speakers")
        assert (answer.status_code, answer.data["code"]) == (401, "unauthenticated")

    def test_says_when_a_key_has_expired(self, client_of: ClientOf, make_key: MakeKey) -> None:
        key = make_key(
            expires_at=clock.now() - timedelta(seconds=1), at=clock.now() - timedelta(days=1)
        )
        answer = client_of(key).get("/speakers")
        assert (answer.status_code, answer.data["code"]) == (401, "key_expired")

    def test_remembers_the_use(self, client_of: ClientOf, make_key: MakeKey) -> None:
        key = make_key()
        client_of(key).get("/speakers")
        assert ApiKey.objects.get(id=key.key.id).last_used_at is not None

    def test_counts_calls_and_says_what_is_left(
        self, client_of: ClientOf, make_key: MakeKey
    ) -> None:
        answer = client_of(make_key(calls_per_minute=2)).get("/speakers")
        assert (answer.status_code, answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == (
            200,
            "2",
            "1",
        )

    def test_refuses_one_call_too_many(
        self, client_of: ClientOf, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def used_up(key_id: str, **_: object) -> None:
            raise RateLimited("Too many calls with this key.", retry_after=17)

        monkeypatch.setattr("accounts.rate_limits.count_call", used_up)
        answer = client_of(make_key()).get("/speakers")
        assert (answer.status_code, answer.data["code"]) == (429, "rate_limited")
        assert (answer["Retry-After"], answer["RateLimit-Remaining"]) == ("17", "0")


class TestHasScope:
    @pytest.mark.parametrize(
        ("scope", "method", "status"),
        [
            ("speakers:read", "get", 200),
            ("speakers:read", "post", 403),
            ("speakers:write", "post", 200),
            ("speakers:write", "get", 403),
            ("consents:read", "get", 403),
        ],
    )
    def test_asks_for_the_scope_of_the_method(
        self, client_of: ClientOf, make_key: MakeKey, scope: str, method: str, status: int
    ) -> None:
        client = client_of(make_key(scopes=(scope,)))
        assert getattr(client, method)("/speakers").status_code == status

    def test_names_the_scope_that_is_missing(self, client_of: ClientOf, make_key: MakeKey) -> None:
        answer = client_of(make_key(scopes=("speakers:read",))).post("/speakers").data
        assert (answer["code"], answer["required"]) == ("scope_missing", "speakers:write")

    def test_keeps_a_view_closed_that_forgot_its_scope(
        self, client_of: ClientOf, make_key: MakeKey
    ) -> None:
        assert client_of(make_key()).get("/forgotten").status_code == 403


class TestCaller:
    def test_of_a_test_key_lives_at_the_test_clock(
        self, client_of: ClientOf, make_key: MakeKey, acme: Organisation
    ) -> None:
        test, live = make_key(), make_key(live=True)
        sandbox_clock.advance_test_clock(
            organisation=acme,
            duration=durations.parse_duration("P1Y"),
            actor="system:test",
            wall_time=clock.now(),
        )
        years = [client_of(key).get("/speakers").data["now"].year for key in (test, live)]
        assert years[0] - years[1] == 1

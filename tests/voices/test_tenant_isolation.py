"""No one sees a neighbour: every route with an id in it, read from the resolver, answers a stranger
with 404.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.api_key_changes import IssuedKey
from accounts.models import ApiKey, Organisation
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support.voice_scenarios import World, build, calls, set_moderation
from tests.voices.conftest import AUDIOBOOK, SENTENCE, Http, MakeConsent, MakeVoice, grant_of
from voices.models import Voice

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("reader", "clock_at_noon"),
]

# The keys of an organisation are seen by its live keys, whose holders may make and disable test
# keys.
OF_THE_HOUSE = {"v1/api_keys/{key_id}", "v1/api_keys/{key_id}/rotate"}
# Signing without the ceremony is for test keys alone, whosever the consent is.
SANDBOX = {"v1/test/consents/{consent_id}/sign": 403}

FINE = {200, 201, 202, 409}


@pytest.fixture
def own(make_key: MakeKey) -> IssuedKey:
    return make_key()


@pytest.fixture
def world(make_consent: MakeConsent, make_voice: MakeVoice, own: IssuedKey) -> World:
    return build(make_consent, make_voice, own.key)


def answers(client: Http, world: World) -> dict[str, int]:
    """What every call with an id in its path is answered with; nothing that a call changes stays
    changed.
    """
    found = {}
    for method, route in calls():
        if "{" in route and method == "get":
            found[f"{method} {route}"] = client.get(world.path(route)).status_code
        elif "{" in route:
            with transaction.atomic():
                sent = getattr(client, method)(
                    world.path(route), world.body(method, route), format="json"
                )
                found[f"{method} {route}"] = sent.status_code
                transaction.set_rollback(True)
    return found


class TestAStrangersId:
    def test_is_not_found_on_any_route(
        self, world: World, client_of: ClientOf, make_key: MakeKey, bolt: Organisation
    ) -> None:
        for live in (False, True):
            found = answers(client_of(make_key(organisation=bolt, live=live)), world)
            expected = {call: SANDBOX.get(call.split()[1], 404) if live else 404 for call in found}
            assert {
                call: status for call, status in found.items() if status != expected[call]
            } == {}
            assert len(found) > 25

    def test_is_not_found_with_the_same_organisations_live_key(
        self, world: World, client_of: ClientOf, make_key: MakeKey
    ) -> None:
        found = answers(client_of(make_key(live=True)), world)

        expected = {
            call: SANDBOX.get(call.split()[1], 404)
            for call in found
            if call.split()[1] not in OF_THE_HOUSE
        }
        assert {call: found[call] for call in expected if found[call] != expected[call]} == {}

    def test_is_found_by_its_owner_on_every_route(
        self, world: World, own: IssuedKey, client_of: ClientOf
    ) -> None:
        """Else the tests above would pass on a service that finds nothing."""
        found = answers(client_of(own), world)
        assert {call: status for call, status in found.items() if status not in FINE} == {}

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (
                "speech",
                {"voice": "voice_id", "text": SENTENCE, "language": "en", "use_case": AUDIOBOOK},
            ),
            (
                "speech/batch",
                {
                    "voice": "voice_id",
                    "items": [{"text": "x"}],
                    "language": "en",
                    "use_case": AUDIOBOOK,
                },
            ),
            (
                "consents",
                {
                    "speaker": "speaker_id",
                    "duration": "P1Y",
                    "jurisdictions": ["EU"],
                    "grants": [grant_of()],
                },
            ),
            ("exports", {"kind": "speaker", "speaker": "speaker_id"}),
        ],
    )
    def test_is_not_found_in_a_body(
        self,
        path: str,
        body: dict[str, Any],
        world: World,
        client_of: ClientOf,
        make_key: MakeKey,
        bolt: Organisation,
    ) -> None:
        client = client_of(make_key(organisation=bolt))
        sent = {
            name: world.ids.get(value, value) if isinstance(value, str) else value
            for name, value in body.items()
        }
        assert client.post(f"/v1/{path}", sent, format="json").status_code == 404

    def test_is_no_consent_to_anyone_else(
        self, world: World, client_of: ClientOf, make_key: MakeKey, bolt: Organisation
    ) -> None:
        """The gate's questions are answered, with a denial that tells nothing of the neighbour's
        consent.
        """
        client = client_of(make_key(organisation=bolt))
        for name in ("voice", "consent"):
            asked = {
                name: world.ids[f"{name}_id"],
                "action": "synthesize",
                "language": "en",
                "use_case": AUDIOBOOK,
            }
            answer: Any = client.post("/v1/decisions", asked, format="json")
            assert answer.status_code == 404 or not answer.json()["allowed"]
            assert "consent_id" not in answer.content.decode()
            assert world.ids["speaker_id"] not in answer.content.decode()


SINGLE = {"v1/organisation"}  # one object, the caller's own
OPTIONAL = {"v1/moderation_endpoint"}  # one object, or none
SHARED = {
    "v1/reasons", "v1/use_cases", "v1/channels", "v1/providers", "v1/territories", "v1/labels",
    "v1/languages", "v1/codecs", "v1/notices",
}  # fmt: skip
"""The same codes for everyone."""
CLOCK = {"v1/test/clock"}  # no list, and nobody's but the caller's


def list_routes() -> list[str]:
    return [
        route
        for method, route in calls()
        if method == "get" and "{" not in route and route not in SINGLE | OPTIONAL | SHARED | CLOCK
    ]


class TestLists:
    def test_give_way_to_the_callers_own_organisation(
        self, world: World, client_of: ClientOf, make_key: MakeKey, bolt: Organisation
    ) -> None:
        client = client_of(make_key(organisation=bolt))

        assert {route: client.get(f"/{route}").json()["id"] for route in SINGLE} == dict.fromkeys(
            SINGLE, bolt.id
        )

    def test_hide_what_a_neighbour_has_one_of(
        self,
        world: World,
        voice: Voice,
        client_of: ClientOf,
        own: IssuedKey,
        make_key: MakeKey,
        bolt: Organisation,
    ) -> None:
        set_moderation(voice)
        clients = [client_of(key) for key in (own, make_key(organisation=bolt))]

        for route in OPTIONAL:
            assert [one.get(f"/{route}").status_code for one in clients] == [200, 404]

    def test_show_a_neighbour_nothing(
        self, world: World, client_of: ClientOf, make_key: MakeKey, bolt: Organisation
    ) -> None:
        client = client_of(make_key(organisation=bolt))
        seen = {route: client.get(f"/{route}").json()["data"] for route in list_routes()}
        assert len(seen.pop("v1/api_keys")) == ApiKey.objects.filter(organisation=bolt).count()
        assert {route: rows for route, rows in seen.items() if rows} == {}
        assert len(seen) > 5

    def test_show_their_owner_something(
        self, world: World, own: IssuedKey, client_of: ClientOf
    ) -> None:
        client = client_of(own)
        assert [
            route for route in list_routes() if not client.get(f"/{route}").json()["data"]
        ] == []

"""`/v1/api_keys` and `/v1/test/clock`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import ApiKey, Organisation
from core import clock
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import databases

pytestmark = pytest.mark.once(databases.POSTGRESQL)

KEYS = "/v1/api_keys"
NEW = {"product": "Reader", "scopes": ["speech:write"], "mode": "test"}


@pytest.fixture
def client(client_of: ClientOf, make_key: MakeKey) -> APIClient:
    """Acme's live key with every scope."""
    return client_of(make_key(live=True))


@pytest.fixture
def sandbox(client_of: ClientOf, make_key: MakeKey) -> APIClient:
    """Acme's test key with every scope."""
    return client_of(make_key())


def made(client: APIClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(KEYS, NEW | fields, format="json")
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.data
    return body


class TestCreate:
    def test_shows_the_secret_once(self, client: APIClient) -> None:
        key = made(client)
        shown = client.get(f"{KEYS}/{key['id']}").data
        assert key["secret"].startswith("sayso_test_")
        assert shown == {name: value for name, value in key.items() if name != "secret"}

    def test_makes_a_key_that_works(self, client: APIClient, client_of: ClientOf) -> None:
        key = made(client, scopes=["admin:read"])
        assert APIClient(HTTP_AUTHORIZATION=f"Bearer {key['secret']}").get(KEYS).status_code == 200

    def test_keeps_what_it_was_told(self, client: APIClient) -> None:
        told = {
            "default_use_case": "entertainment.audiobook",
            "default_channel": "app",
            "default_territory": "EU",
            "default_language": "de-DE",
            "expires_at": "2050-01-01T00:00:00Z",
            "external_id": "ours-1",
            "metadata": {"team": "books"},
            "calls_per_minute": 60,
        }
        key = made(client, **told)
        assert {name: key[name] for name in told} == told

    @pytest.mark.parametrize(
        ("fields", "attr", "code"),
        [
            ({"scopes": ["everything"]}, "scopes.0", "invalid_choice"),
            ({"scopes": []}, "scopes", "empty"),
            ({"scopes": "speech:write"}, "scopes", "not_a_list"),
            ({"mode": "sandbox"}, "mode", "invalid_choice"),
            ({"product": ""}, "product", "blank"),
            ({"product": "x" * 101}, "product", "max_length"),
            ({"product": {"a": 1}}, "product", "invalid"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
            ({"expires_at": "tomorrow"}, "expires_at", "invalid"),
            ({"calls_per_minute": 0}, "calls_per_minute", "out_of_range"),
            ({"calls_per_minute": 10**30}, "calls_per_minute", "out_of_range"),
            ({"default_language": "<b>"}, "default_language", "language_unknown"),
            ({"default_language": "en-x-secret"}, "default_language", "language_unknown"),
            ({"default_channel": "fax"}, "default_channel", "channel_unknown"),
            ({"default_territory": "Mars"}, "default_territory", "territory_unknown"),
            ({"default_use_case": "karaoke"}, "default_use_case", "use_case_unknown"),
            ({"metadata": {str(number): "x" for number in range(21)}}, "metadata", "out_of_range"),
            ({"metadata": {"deep": {"er": "x"}}}, "metadata.deep", "invalid"),
            ({"secret": "mine"}, "secret", "unknown_field"),
        ],
    )
    def test_refuses_wrong_fields_one_by_one(
        self, client: APIClient, fields: dict[str, Any], attr: str, code: str
    ) -> None:
        before = ApiKey.objects.count()
        answer = client.post(KEYS, NEW | fields, format="json")
        assert (answer.status_code, ApiKey.objects.count()) == (422, before)
        assert (answer.data["errors"][0]["attr"], answer.data["errors"][0]["code"]) == (attr, code)

    @pytest.mark.parametrize("field", NEW)
    def test_needs_product_scopes_and_mode(self, client: APIClient, field: str) -> None:
        answer = client.post(
            KEYS, {name: NEW[name] for name in NEW if name != field}, format="json"
        )
        assert (answer.status_code, answer.data["errors"][0]["attr"]) == (422, field)

    def test_does_not_let_a_test_key_make_a_live_key(self, sandbox: APIClient) -> None:
        answer = sandbox.post(KEYS, NEW | {"mode": "live"}, format="json")
        assert (answer.status_code, answer.data["code"]) == (403, "live_key_needed")

    def test_needs_the_admin_scope(self, client_of: ClientOf, make_key: MakeKey) -> None:
        answer = client_of(make_key(scopes=("admin:read", "speakers:write"))).post(
            KEYS, NEW, format="json"
        )
        assert (answer.status_code, answer.data["required"]) == (403, "admin:write")


class TestDefaults:
    def test_are_kept_in_their_one_spelling(self, client: APIClient) -> None:
        said = {
            "default_use_case": "Agent.IVR",
            "default_channel": "TV",
            "default_territory": "chn",
        }
        key = made(client, **said, default_language="EN_us")
        names = ("default_use_case", "default_channel", "default_territory", "default_language")
        assert [key[name] for name in names] == ["agent.ivr", "broadcast", "CN", "en-US"]

    def test_are_checked_when_they_are_changed_too(self, client: APIClient) -> None:
        key = made(client, default_channel="phone")
        path = f"{KEYS}/{key['id']}"
        assert (
            client.patch(path, {"default_channel": "Radio"}, format="json").data["default_channel"]
            == "broadcast"
        )
        answer = client.patch(path, {"default_channel": "fax"}, format="json")
        assert (answer.status_code, answer.data["code"]) == (422, "channel_unknown")


class TestList:
    def test_comes_in_pages_that_hold_every_key_once(self, client: APIClient) -> None:
        ids = {made(client)["id"] for _ in range(3)}
        first = client.get(f"{KEYS}?limit=2").data
        rest = client.get(f"{KEYS}?after={first['last_id']}").data
        found = [key["id"] for page in (first, rest) for key in page["data"]]
        assert (len(found), ids < set(found), first["has_more"], rest["has_more"]) == (
            4,
            True,
            True,
            False,
        )

    def test_never_shows_a_secret(self, client: APIClient) -> None:
        secret = made(client)["secret"]
        assert secret[17:] not in client.get(KEYS).content.decode()

    def test_shows_a_test_key_no_live_keys(self, client: APIClient, sandbox: APIClient) -> None:
        live = made(client, mode="live")["id"]
        assert [
            client.get(f"{KEYS}/{live}").status_code,
            sandbox.get(f"{KEYS}/{live}").status_code,
        ] == [200, 404]
        assert live not in sandbox.get(KEYS).content.decode()


class TestNeighbours:
    @pytest.mark.parametrize(
        ("method", "suffix"), [("get", ""), ("patch", ""), ("delete", ""), ("post", "/rotate")]
    )
    def test_get_404_for_keys_that_are_not_theirs(
        self,
        client: APIClient,
        client_of: ClientOf,
        make_key: MakeKey,
        bolt: Organisation,
        method: str,
        suffix: str,
    ) -> None:
        mine = made(client)["id"]
        stranger = client_of(make_key(organisation=bolt, live=True))
        answers = [
            getattr(stranger, method)(f"{KEYS}/{key}{suffix}", {}, format="json")
            for key in (mine, "key_nothing")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].data["detail"] == answers[1].data["detail"]


class TestUpdate:
    def test_changes_what_it_names(self, client: APIClient) -> None:
        key = made(client, default_channel="app")
        body = {"product": "Studio", "default_channel": None, "scopes": ["clips:read"]}
        answer = client.patch(f"{KEYS}/{key['id']}", body, format="json").data
        assert (answer["product"], answer["default_channel"], answer["scopes"]) == (
            "Studio",
            None,
            ["clips:read"],
        )

    @pytest.mark.parametrize("field", ["mode", "id", "livemode", "organisation"])
    def test_changes_nothing_else(self, client: APIClient, field: str) -> None:
        answer = client.patch(f"{KEYS}/{made(client)['id']}", {field: "live"}, format="json")
        assert (answer.status_code, answer.data["errors"][0]["code"]) == (422, "unknown_field")


class TestRotate:
    def test_keeps_both_secrets_for_the_stated_overlap(self, client: APIClient) -> None:
        old = made(client, scopes=["admin:read"])
        new = client.post(f"{KEYS}/{old['id']}/rotate", {"overlap": "PT1H"}, format="json").data
        hour = timedelta(hours=1)
        row = ApiKey.objects.get(id=old["id"])
        assert row.previous_until is not None
        assert abs(row.previous_until - clock.now() - hour) < timedelta(minutes=1)
        assert new["previous_secret_until"] == clock.to_rfc3339(row.previous_until)
        both = [
            APIClient(HTTP_AUTHORIZATION=f"Bearer {key['secret']}").get(KEYS).status_code
            for key in (old, new)
        ]
        assert both == [200, 200]

    def test_says_no_more_of_the_older_secret_than_the_key_lasts(self, client: APIClient) -> None:
        """Case 51, of a key: what is derived from it ends with it."""
        end = clock.to_rfc3339((clock.now() + timedelta(hours=2)).replace(microsecond=0))
        address = f"{KEYS}/{made(client, expires_at=end)['id']}"

        assert client.post(f"{address}/rotate").data["previous_secret_until"] == end
        client.delete(address)
        ended = client.get(address).data
        assert ended["previous_secret_until"] == ended["disabled_at"] < end

    def test_takes_a_day_when_nothing_is_said(self, client: APIClient) -> None:
        answer = client.post(f"{KEYS}/{made(client)['id']}/rotate")
        assert (answer.status_code, answer.data["previous_secret_until"] is None) == (200, False)

    @pytest.mark.parametrize("overlap", ["P1M", "P31D", "soon", "-P1D", "", None, 5])
    def test_refuses_an_overlap_that_is_none(self, client: APIClient, overlap: object) -> None:
        answer = client.post(
            f"{KEYS}/{made(client)['id']}/rotate", {"overlap": overlap}, format="json"
        )
        assert (answer.status_code, answer.data["errors"][0]["attr"]) == (422, "overlap")


class TestDisable:
    def test_ends_the_key_at_once(self, client: APIClient) -> None:
        key = made(client, scopes=["admin:read"])
        assert client.delete(f"{KEYS}/{key['id']}").data["disabled_at"] is not None
        assert APIClient(HTTP_AUTHORIZATION=f"Bearer {key['secret']}").get(KEYS).status_code == 401

    def test_may_be_asked_twice(self, client: APIClient) -> None:
        key = made(client)["id"]
        answers = [client.delete(f"{KEYS}/{key}").data["disabled_at"] for _ in range(2)]
        assert answers[0] == answers[1]

    def test_is_final(self, client: APIClient) -> None:
        key = made(client)["id"]
        client.delete(f"{KEYS}/{key}")
        answer = client.post(f"{KEYS}/{key}/rotate")
        assert (answer.status_code, answer.data["code"]) == (409, "key_disabled")


class TestTestClock:
    def test_moves_forward_by_the_calendar(self, sandbox: APIClient) -> None:
        answer = sandbox.post("/v1/test/clock", {"advance": "P1Y"}, format="json").data
        assert (answer["object"], int(answer["now"][:4]) - clock.now().year) == ("test_clock", 1)

    def test_is_for_test_keys_only(self, client: APIClient, acme: Organisation) -> None:
        answer = client.post("/v1/test/clock", {"advance": "P1Y"}, format="json")
        acme.refresh_from_db()
        assert (answer.status_code, answer.data["code"], acme.test_clock_ms) == (
            403,
            "test_key_needed",
            0,
        )

    @pytest.mark.parametrize(
        "advance", ["-P1Y", "P", "1Y", "", None, 1, ["P1Y"], "P1000Y", "P9999Y", "P1Y\x00"]
    )
    def test_refuses_what_is_not_a_way_forward(
        self, sandbox: APIClient, acme: Organisation, advance: object
    ) -> None:
        answer = sandbox.post("/v1/test/clock", {"advance": advance}, format="json")
        acme.refresh_from_db()
        assert (answer.status_code, acme.test_clock_ms) == (422, 0)

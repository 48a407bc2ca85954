"""`/v1/provider_accounts`: an account's secrets go in and never come out."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Organisation
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import Http, MakeVoice
from transparency_log import log_reader, sequencer
from voices.models import AccountState, ProviderAccount

PATH = "/v1/provider_accounts"
SECRET = "aW53b3JsZC1rZXk6aW53b3JsZC1zZWNyZXQ="
BODY = {"provider": "inworld", "credentials": {"api_key": SECRET}}

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def post(client: Http, **changes: Any) -> Any:
    return client.post(PATH, {**BODY, **changes}, format="json")


def read_log(organisation: Organisation) -> list[Any]:
    """The bodies of the organisation's log about accounts."""
    sequencer.place_waiting_events(organisation.id)
    events = log_reader.walk_events(organisation.id, kinds="admin.")
    return [event.body for event in events]


class TestAnAccount:
    def test_is_connected_at_the_providers_own_address(self, client: Http) -> None:
        answer = post(client, metadata={"team": "dubbing"})

        made = answer.json()
        assert answer.status_code == 201, made
        assert answer["Location"] == f"{PATH}/{made['id']}"
        assert (made["base_url"], made["state"]) == ("https://api.inworld.ai", "checking")
        assert (made["credential_names"], made["metadata"]) == (["api_key"], {"team": "dubbing"})

    def test_that_is_not_checked_takes_no_list_away(self, client: Http) -> None:
        post(client)

        answer = client.get("/v1/languages")

        assert answer.status_code == 200, answer.json()
        assert "local" in str(answer.json()["data"])

    def test_shows_no_secret_anywhere(self, client: Http, acme: Organisation) -> None:
        made = post(client)
        shown = [made, client.get(PATH), client.get(f"{PATH}/{made.json()['id']}")]
        bodies = [answer.content.decode() for answer in shown]
        entries = [str(body) for body in read_log(acme)]

        assert entries
        assert not [text for text in (*bodies, *entries) if SECRET in text]
        row = ProviderAccount.objects.get()
        assert SECRET.encode() not in bytes(row.sealed_credentials or b"")

    def test_is_one_for_each_provider(self, client: Http) -> None:
        post(client)

        again = post(client)

        assert (again.status_code, again.json()["code"]) == (409, "provider_account_exists")

    def test_of_test_data_is_not_that_of_live_data(
        self, client: Http, make_key: MakeKey, client_of: ClientOf, acme: Organisation
    ) -> None:
        post(client)
        live = client_of(make_key(organisation=acme, live=True))

        assert live.get(PATH).json()["data"] == []
        assert post(live).status_code == 201

    def test_is_unknown_to_a_neighbour(
        self, client: Http, make_key: MakeKey, client_of: ClientOf, bolt: Organisation
    ) -> None:
        path = f"{PATH}/{post(client).json()['id']}"
        stranger = client_of(make_key(organisation=bolt))

        codes = [stranger.get(path).status_code, stranger.delete(path).status_code]
        assert codes == [404, 404]

    @pytest.mark.parametrize(
        ("changes", "attr"),
        [
            ({"provider": "nobody"}, "provider"),
            ({"provider": "local"}, "provider"),
            ({"credentials": {}}, "credentials.api_key"),
            ({"credentials": {"api_key": "x", "token": "y"}}, "credentials.token"),
            ({"credentials": {"api_key": "two\nlines"}}, "credentials.api_key"),
            ({"credentials": {"api_key": "with blank"}}, "credentials.api_key"),
            ({"credentials": {"api_key": "ümlaut"}}, "credentials.api_key"),
            ({"base_url": "http://api.inworld.ai"}, "base_url"),
            ({"base_url": "https://10.0.0.7"}, "base_url"),
            ({"base_url": "https://user:word@api.inworld.ai"}, "base_url"),
            ({"audio_origins": ["https://169.254.169.254"]}, "audio_origins.0"),
            ({"settings": {"path": "/x"}}, "settings"),
        ],
    )
    def test_is_refused_by_name_of_the_field(
        self, client: Http, settings: Settings, changes: dict[str, Any], attr: str
    ) -> None:
        settings.SAYSO_DEVELOPMENT = False

        answer = post(client, **changes)

        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, attr)
        assert not ProviderAccount.objects.exists()


class TestAChange:
    def test_of_the_address_wants_the_key_again(self, client: Http) -> None:
        path = f"{PATH}/{post(client).json()['id']}"
        other = {"base_url": "https://eu.inworld.ai"}

        alone = client.patch(path, other, format="json")
        both = client.patch(path, {**other, "credentials": {"api_key": "k2"}}, format="json")

        assert (alone.status_code, alone.json()["errors"][0]["attr"]) == (422, "credentials")
        assert (both.status_code, both.json()["base_url"]) == (200, other["base_url"])

    def test_is_in_the_log_without_what_it_says(self, client: Http, acme: Organisation) -> None:
        path = f"{PATH}/{post(client).json()['id']}"

        client.patch(path, {"credentials": {"api_key": "another"}}, format="json")

        assert [body["action"] for body in read_log(acme)] == [
            "provider_account.connected",
            "provider_account.changed",
        ]


class TestARemoval:
    def test_destroys_the_secret(self, client: Http) -> None:
        made = post(client).json()

        answer = client.delete(f"{PATH}/{made['id']}")

        row = ProviderAccount.objects.get()
        assert (answer.status_code, row.state) == (200, AccountState.REMOVED)
        assert (row.sealed_credentials, row.credential_names) == (None, [])
        assert post(client).status_code == 201

    def test_waits_for_the_voices_that_are_there(
        self, client: Http, make_voice: MakeVoice, settings: Settings
    ) -> None:
        made = post(client).json()
        voice = make_voice()
        type(voice).objects.filter(id=voice.id).update(provider="inworld")

        answer = client.delete(f"{PATH}/{made['id']}")

        assert (answer.status_code, answer.json()["code"]) == (409, "provider_account_in_use")
        assert ProviderAccount.objects.get().sealed_credentials is not None

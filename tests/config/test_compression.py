"""Large answers without secrets come compressed; answers with secrets never do."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from config.middleware.compression import COMPRESSED
from tests.fixtures.organisations import MakeKey
from tests.support.api_operations import Operation, fields, operations, resolved

pytestmark = pytest.mark.once

TAKES = {"Accept-Encoding": "gzip, br"}
SECRET = {
    "name", "email", "phone", "description", "intended_uses", "text", "masked_address",
    "signing_url", "secret",
}  # fmt: skip
"""Fields with words of people, and with what opens something."""


def list_names(operation: Operation) -> set[str]:
    """Return the names of all fields of the answer."""
    answer = operation.node["responses"]["200"]["content"]["application/json"]["schema"]
    return {str(name) for path, _ in fields(resolved(answer)) for name in path}


LISTS = {
    one.path: list_names(one)
    for one in operations()
    if "limit" in {parameter.get("name") for parameter in one.node.get("parameters", ())}
}
"""The fields of each list of the API."""


@pytest.mark.django_db
class TestAPageWithoutSecrets:
    @pytest.mark.parametrize("path", ["/docs/", "/problems/", "/v1/openapi.json"])
    def test_comes_compressed_and_is_the_same(self, client: Client, path: str) -> None:
        plain, small = client.get(path), client.get(path, headers=TAKES)
        assert (small.status_code, small["Content-Encoding"]) == (200, "gzip")
        assert "Accept-Encoding" in small["Vary"]
        assert gzip.decompress(small.content) == plain.content
        assert len(small.content) < len(plain.content) / 2 or path == "/docs/"
        assert plain.get("Content-Security-Policy") == small.get("Content-Security-Policy")

    def test_comes_plain_to_who_takes_nothing_else(self, client: Client) -> None:
        found = client.get("/v1/openapi.json")
        assert not found.has_header("Content-Encoding")
        assert json.loads(found.content)["openapi"] == "3.1.0"

    @pytest.mark.parametrize("refused", ["gzip;q=0", "br, gzip; q=0.000", "GZIP;q=0.0, identity"])
    def test_comes_plain_to_who_refuses_it(self, client: Client, refused: str) -> None:
        """RFC 9110, section 12.4.2."""
        found = client.get("/problems/", headers={"Accept-Encoding": refused})
        assert not found.has_header("Content-Encoding")
        assert "Accept-Encoding" in found["Vary"]

        taken = client.get("/problems/", headers={"Accept-Encoding": "gzip;q=0.1"})
        assert taken["Content-Encoding"] == "gzip"

    def test_may_be_a_list_of_the_admin(self) -> None:
        assert COMPRESSED.match("/admin/consent/consent/")


class TestAListOfTheApi:
    def test_is_compressed_unless_it_shows_what_people_are_called_or_said(self) -> None:
        """Who makes a list decides about it here (decision 043)."""
        plain = {path for path in LISTS if not COMPRESSED.match(path)}
        assert plain == {
            "/v1/speakers",
            "/v1/consents",
            "/v1/consents/{consent_id}/statements",
            "/v1/voices",
            "/v1/api_keys",
            "/v1/provider_accounts",
            "/v1/provider_tasks",
        }

    def test_that_is_compressed_has_no_field_of_a_person_and_no_secret(self) -> None:
        objects = {path: names for path, names in LISTS.items() if "livemode" in names}
        compressed = {path: names for path, names in objects.items() if COMPRESSED.match(path)}
        assert set(compressed) == {
            "/v1/clips", "/v1/decisions", "/v1/jobs", "/v1/exports", "/v1/erasures",
        }  # fmt: skip
        assert {path: names & SECRET for path, names in compressed.items() if names & SECRET} == {}
        assert objects["/v1/speakers"] & SECRET

    @pytest.mark.django_db
    def test_comes_compressed_and_is_the_same(self, make_key: MakeKey) -> None:
        """F: no list ever did."""
        client = Client(headers={"Authorization": f"Bearer {make_key().secret}"})
        plain, small = client.get("/v1/languages"), client.get("/v1/languages", headers=TAKES)
        assert (small.status_code, small["Content-Encoding"]) == (200, "gzip")
        assert "Accept-Encoding" in plain["Vary"] and "Accept-Encoding" in small["Vary"]
        assert gzip.decompress(small.content) == plain.content
        assert len(small.content) < len(plain.content) / 3

        refused = client.get("/v1/languages?limit=0", headers=TAKES)
        assert (refused.status_code, refused.has_header("Content-Encoding")) == (422, False)


@pytest.mark.django_db
class TestAPageWithSecrets:
    @pytest.mark.parametrize(
        "path", ["/account/login/", "/sign/unknown", "/account/2fa/", "/admin/login/"]
    )
    def test_is_never_compressed(self, client: Client, path: str) -> None:
        assert not client.get(path, headers=TAKES).has_header("Content-Encoding")

    @pytest.mark.parametrize(
        "path",
        [
            "/admin/accounts/apikey/add/",
            "/admin/",
            "/v1/api_keys",
            "/sign/x",
            "/verify",
            "/v1/clips/clp_x",
            "/v1/exports/exp_x/download",
            "/v1/test/consents/x/sign",
        ],
    )
    def test_is_not_among_those_that_are(self, path: str) -> None:
        assert not COMPRESSED.match(path)

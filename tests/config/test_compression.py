"""Large pages without secrets come compressed; pages with secrets never do."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from config.middleware.compression import COMPRESSED

pytestmark = pytest.mark.once

TAKES = {"Accept-Encoding": "gzip, br"}


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

    def test_may_be_a_list_of_the_admin(self) -> None:
        assert COMPRESSED.match("/admin/consent/consent/")


@pytest.mark.django_db
class TestAPageWithSecrets:
    @pytest.mark.parametrize(
        "path", ["/account/login/", "/sign/unknown", "/account/2fa/", "/admin/login/"]
    )
    def test_is_never_compressed(self, client: Client, path: str) -> None:
        assert not client.get(path, headers=TAKES).has_header("Content-Encoding")

    @pytest.mark.parametrize(
        "path", ["/admin/accounts/apikey/add/", "/admin/", "/v1/keys", "/sign/x", "/verify"]
    )
    def test_is_not_among_those_that_are(self, path: str) -> None:
        assert not COMPRESSED.match(path)

"""API keys make no key that may more than they may themselves."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.response import Response

from accounts.models import ApiKey
from core import clock
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.support import databases

pytestmark = [pytest.mark.django_db, pytest.mark.once(databases.POSTGRESQL)]
KEYS = "/v1/api_keys"


def new(**changes: Any) -> dict[str, Any]:
    return {"product": "Second", "scopes": ["admin:read", "admin:write"], "mode": "test", **changes}


def told(answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


class TestAKeyForKeys:
    @pytest.mark.parametrize(
        "scopes", [["speech:write"], ["admin:write", "exports:read"], ["erasures:write"]]
    )
    def test_makes_none_with_a_scope_that_it_has_not(
        self, make_key: MakeKey, client_of: ClientOf, scopes: list[str]
    ) -> None:
        client = client_of(make_key(scopes=("admin:read", "admin:write")))

        answer = client.post(KEYS, new(scopes=scopes), format="json")

        assert (answer.status_code, told(answer)["code"]) == (403, "scope_missing")
        assert told(answer)["required"] in scopes
        assert ApiKey.objects.count() == 1

    def test_makes_one_with_what_it_has(self, make_key: MakeKey, client_of: ClientOf) -> None:
        client = client_of(make_key(scopes=("admin:read", "admin:write")))

        assert client.post(KEYS, new(), format="json").status_code == 201

    def test_does_not_widen_itself(self, make_key: MakeKey, client_of: ClientOf) -> None:
        issued = make_key(scopes=("admin:read", "admin:write"))
        client = client_of(issued)

        answer = client.patch(
            f"{KEYS}/{issued.key.id}", {"scopes": ["admin:write", "speech:write"]}, format="json"
        )

        assert (answer.status_code, told(answer)["code"]) == (403, "scope_missing")
        assert ApiKey.objects.get().scopes == ["admin:read", "admin:write"]

    def test_does_not_widen_another(self, make_key: MakeKey, client_of: ClientOf) -> None:
        other = make_key(scopes=("speech:write",))
        client = client_of(make_key(scopes=("admin:read", "admin:write")))

        refused = client.patch(
            f"{KEYS}/{other.key.id}", {"scopes": ["speech:write", "speech:read"]}, format="json"
        )
        narrowed = client.patch(
            f"{KEYS}/{other.key.id}", {"scopes": ["speech:write"]}, format="json"
        )

        assert (refused.status_code, narrowed.status_code) == (403, 200)

    def test_gets_no_secret_of_a_key_that_may_more(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        strong = make_key()
        client = client_of(make_key(scopes=("admin:read", "admin:write")))

        answer = client.post(f"{KEYS}/{strong.key.id}/rotate", {}, format="json")

        assert (answer.status_code, told(answer)["code"]) == (403, "scope_missing")

    @pytest.mark.parametrize(("calls", "status"), [(100, 201), (101, 422), (100_000, 422)])
    def test_gives_no_more_calls_than_it_has(
        self, make_key: MakeKey, client_of: ClientOf, calls: int, status: int
    ) -> None:
        issued = make_key(calls_per_minute=100)
        client = client_of(issued)

        assert client.post(KEYS, new(calls_per_minute=calls), format="json").status_code == status
        changed = client.patch(
            f"{KEYS}/{issued.key.id}", {"calls_per_minute": calls}, format="json"
        )
        assert changed.status_code == (200 if status == 201 else 422)

    def test_gives_what_was_not_said_within_its_own(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        end = clock.now() + timedelta(days=3)
        client = client_of(make_key(calls_per_minute=100, expires_at=end, at=clock.now()))

        made = told(client.post(KEYS, new(), format="json"))

        row = ApiKey.objects.get(id=made["id"])
        assert (row.calls_per_minute, row.expires_at) == (100, end)

    @pytest.mark.parametrize("later", [None, "2099-01-01T00:00:00Z"])
    def test_does_not_outlive_its_end(
        self, make_key: MakeKey, client_of: ClientOf, later: str | None
    ) -> None:
        issued = make_key(expires_at=clock.now() + timedelta(days=3), at=clock.now())
        client = client_of(issued)

        assert client.post(KEYS, new(expires_at=later), format="json").status_code == 422
        assert (
            client.patch(
                f"{KEYS}/{issued.key.id}", {"expires_at": later}, format="json"
            ).status_code
            == 422
        )

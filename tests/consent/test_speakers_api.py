"""REST: the contract of speakers, told as a client sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.support import databases
from tests.support.consent_api import ANA, fetch, post

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.once(databases.POSTGRESQL),
]


class TestSpeakers:
    def test_are_made_shown_and_listed(self, api: APIClient) -> None:
        made = post(
            api, "/v1/speakers", {**ANA, "external_id": "7", "metadata": {"cast": "b"}}, 201
        )
        assert (
            made | {"name": "Ana María Gómez", "country": "ES", "kind": "adult", "livemode": False}
            == made
        )
        assert fetch(api, f"/v1/speakers/{made['id']}") == made
        assert fetch(api, "/v1/speakers")["data"] == [made]

    def test_are_changed_field_by_field(self, api: APIClient) -> None:
        made = post(api, "/v1/speakers", ANA, 201)
        answer = api.patch(
            f"/v1/speakers/{made['id']}", {"email": "new@example.org"}, format="json"
        )
        changed = json.loads(answer.content)
        assert changed == {**made, "email": "new@example.org"}

    @pytest.mark.parametrize(
        ("change", "code", "attr"),
        [
            ({"name": ""}, "blank", "name"),
            ({"name": 7}, "invalid", "name"),
            ({"name": None}, "null", "name"),
            ({"name": "a\0b"}, "control_characters", "name"),
            ({"name": "Ada \u202eelpmaxE"}, "invisible_characters", "name"),
            ({"name": "Ada\nExample"}, "invisible_characters", "name"),
            ({"name": "\u200b" * 5}, "blank", "name"),
            ({"name": "\u0301\u0308"}, "too_short", "name"),
            ({"name": "x" * 201}, "max_length", "name"),
            ({"email": "nobody"}, "invalid", "email"),
            ({"email": "a\0@example.org"}, None, "email"),
            ({"country": "ZZ"}, "territory_unknown", "country"),
            ({"country": "EU"}, "territory_unknown", "country"),
            ({"locale": "xx"}, "language_unknown", "locale"),
            ({"kind": "robot"}, "invalid_choice", "kind"),
            ({"shoe_size": 42}, "unknown_field", "shoe_size"),
            ({"metadata": {"a": "\0"}}, None, "metadata.a"),
            ({"metadata": {"a\0": "b"}}, "control_characters", "metadata"),
            ({"metadata": {str(n): "x" for n in range(21)}}, "out_of_range", "metadata"),
            ({"metadata": []}, None, "metadata"),
        ],
    )
    def test_with_a_mistake_are_refused(
        self, api: APIClient, change: dict[str, Any], code: str | None, attr: str
    ) -> None:
        data = json.dumps({**ANA, **change})
        answer = api.generic("POST", "/v1/speakers", data, content_type="application/json")
        fault = json.loads(answer.content)["errors"][0]
        assert (answer.status_code, fault["attr"]) == (422, attr)
        assert code in {None, fault["code"]}
        assert fetch(api, "/v1/speakers")["data"] == []

    def test_with_half_a_character_are_unreadable(self, api: APIClient) -> None:
        answer = api.generic(
            "POST", "/v1/speakers", json.dumps({**ANA, "name": "\ud800"}), "application/json"
        )
        assert (answer.status_code, json.loads(answer.content)["code"]) == (400, "malformed")

    def test_that_are_children_are_refused(self, api: APIClient) -> None:
        assert post(api, "/v1/speakers", {**ANA, "kind": "minor"}, 422)["code"] == "kind_refused"

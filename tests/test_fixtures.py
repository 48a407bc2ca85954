"""The cast itself: makers make what they say, for the organisation they say."""

from __future__ import annotations

import json

import pytest

from accounts.models import Organisation
from tests.fixtures.organisations import ClientOf, MakeKey, MakeMember, MakeOrganisation

pytestmark = pytest.mark.django_db


class TestMakers:
    def test_know_an_organisation_again_by_its_name(
        self, acme: Organisation, make_organisation: MakeOrganisation
    ) -> None:
        assert make_organisation("Acme") == acme

    def test_keep_neighbours_apart(
        self, acme: Organisation, bolt: Organisation, make_key: MakeKey
    ) -> None:
        assert make_key(organisation=bolt).key.organisation == bolt
        assert make_key().key.organisation == acme

    @pytest.mark.parametrize(("live", "word"), [(True, "sayso_live_"), (False, "sayso_test_")])
    def test_make_keys_of_both_modes(self, make_key: MakeKey, live: bool, word: str) -> None:
        assert make_key(live=live).secret.startswith(word)

    def test_make_members_who_may_log_in(self, make_member: MakeMember) -> None:
        assert make_member(role="auditor").check_password("a long enough password")


class TestClients:
    def test_without_the_scope_are_refused(self, make_key: MakeKey, client_of: ClientOf) -> None:
        answer = client_of(make_key(scopes=["speakers:read"])).post(
            "/v1/api_keys", {}, format="json"
        )
        assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "scope_missing")

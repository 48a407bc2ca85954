"""`manage.py bootstrap`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import api_key_lookup, api_scopes
from accounts.models import Member, Organisation, Role
from core import clock

pytestmark = pytest.mark.once


def bootstrap(name: str = "Acme", *more: str) -> str:
    out = StringIO()
    call_command("bootstrap", "--organisation", name, *more, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
class TestBootstrap:
    def test_prints_one_object_with_exactly_these_members(self) -> None:
        printed = json.loads(bootstrap("Acme", "--json"))
        assert list(printed) == [
            "organisation",
            "owner_email",
            "owner_password",
            "test_key",
            "live_key",
        ]

    def test_makes_what_it_prints(self) -> None:
        printed = json.loads(bootstrap("Acme Books & Söhne", "--json"))
        owner = Member.objects.get(email="owner@acme-books-sohne.example")
        assert (printed["organisation"], owner.role) == (Organisation.objects.get().id, Role.OWNER)
        assert owner.check_password(printed["owner_password"])

    @pytest.mark.parametrize(("name", "livemode"), [("test_key", False), ("live_key", True)])
    def test_makes_keys_with_every_scope(self, name: str, livemode: bool) -> None:
        """A21: a live key could not be had."""
        key = api_key_lookup.authenticate_key(
            json.loads(bootstrap("Acme", "--json"))[name], at=clock.now()
        )
        assert (key.livemode, key.scopes) == (livemode, list(api_scopes.ALL))

    def test_takes_another_address(self) -> None:
        assert (
            json.loads(bootstrap("Acme", "--json", "--email", "ada@acme.example"))["owner_email"]
            == "ada@acme.example"
        )

    def test_prints_for_people_otherwise(self) -> None:
        assert "cannot be shown again" in bootstrap()

    def test_refuses_a_name_that_is_taken_and_changes_nothing(self) -> None:
        bootstrap()
        with pytest.raises(CommandError, match="already"):
            bootstrap()
        assert (Organisation.objects.count(), Member.objects.count()) == (1, 1)

    def test_makes_nothing_when_the_address_is_taken(self) -> None:
        bootstrap("Acme", "--email", "ada@acme.example")
        with pytest.raises(CommandError, match="address"):
            bootstrap("Bolt", "--email", "ada@acme.example")
        assert Organisation.objects.count() == 1

    @pytest.mark.parametrize("email", ["ada", "ada@", "@acme.example", "a b@acme.example"])
    def test_refuses_an_address_that_is_none(self, email: str) -> None:
        with pytest.raises(CommandError, match="not an e-mail address"):
            bootstrap("Acme", "--email", email)
        assert Organisation.objects.count() == 0

    @pytest.mark.parametrize("name", ["", "   ", "x" * 201])
    def test_refuses_a_name_that_is_none(self, name: str) -> None:
        with pytest.raises(CommandError, match="1 to 200"):
            bootstrap(name)

    @pytest.mark.parametrize("name", ["!!!", "\u200b\u200b"])
    def test_refuses_a_name_that_no_one_can_read(self, name: str) -> None:
        with pytest.raises(CommandError):
            bootstrap(name)

        assert Organisation.objects.count() == 0

    @pytest.mark.parametrize("name", ["日本語", "Ωμέγα"])
    def test_finds_an_address_for_any_name(self, name: str) -> None:
        assert json.loads(bootstrap(name, "--json"))["owner_email"] == "owner@organisation.example"

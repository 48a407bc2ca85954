"""Logging in to the admin web UI."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Member
from core import clock
from tests.cast import PASSWORD, MakeMember

LOGIN = "/account/login/"


@pytest.fixture
def member(make_member: MakeMember) -> Member:
    return make_member(email="ada@acme.example")


def log_in(email: str = "ada@acme.example", password: str = PASSWORD) -> Client:
    client = Client()
    client.post(LOGIN, {"login": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestLogin:
    @pytest.mark.parametrize("email", ["ada@acme.example", "ADA@acme.example"])
    def test_lets_a_member_in(self, member: Member, email: str) -> None:
        assert is_in(log_in(email))

    def test_keeps_out_a_wrong_password(self, member: Member) -> None:
        assert not is_in(log_in(password="another long password"))

    def test_keeps_out_a_member_whose_access_has_ended(self, member: Member) -> None:
        Member.objects.filter(id=member.id).update(access_until=clock.now() - timedelta(seconds=1))
        assert not is_in(log_in())

    def test_lets_in_a_member_whose_access_ends_later(self, member: Member) -> None:
        Member.objects.filter(id=member.id).update(access_until=clock.now() + timedelta(days=1))
        assert is_in(log_in())

    def test_keeps_out_a_member_who_is_switched_off(self, member: Member) -> None:
        Member.objects.filter(id=member.id).update(is_active=False)
        assert not is_in(log_in())

    def test_lets_nobody_sign_up(self, db: None) -> None:
        client = Client()
        client.post("/account/signup/", {"email": "eve@evil.example", "password1": PASSWORD})
        assert not Member.objects.exists()

"""Logging in to the admin web UI."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts import member_events
from accounts.models import Member, SharedValue
from core import clock
from tests.conftest import NOON
from tests.fixtures.organisations import PASSWORD, MakeMember
from transparency_log import sequencer
from transparency_log.models import Entry

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

    def test_lets_no_one_sign_up(self, db: None) -> None:
        client = Client()
        client.post("/account/signup/", {"email": "eve@evil.example", "password1": PASSWORD})
        assert not Member.objects.exists()


class TestFiveWrongPasswords:
    def guess(
        self, times: int, *, email: str = "ada@acme.example", address: str = "192.0.2.1"
    ) -> None:
        for number in range(times):
            told = {"login": email, "password": f"wrong password {number}"}
            Client(REMOTE_ADDR=address).post(LOGIN, told)

    def comes_in(self, *, email: str = "ada@acme.example", address: str = "192.0.2.1") -> bool:
        client = Client(REMOTE_ADDR=address)
        client.post(LOGIN, {"login": email, "password": PASSWORD})
        return is_in(client)

    def test_lock_the_address_that_guessed(self, member: Member) -> None:
        self.guess(5)
        assert not self.comes_in()

    def test_lock_it_whatever_the_case_of_the_login(self, member: Member) -> None:
        self.guess(3)
        self.guess(2, email="ADA@acme.example")
        assert not self.comes_in()

    def test_lock_no_one_out_at_another_address(self, member: Member) -> None:
        self.guess(12)
        assert self.comes_in(address="192.0.2.2")

    def test_lock_no_one_else_out_at_the_same_address(
        self, member: Member, make_member: MakeMember
    ) -> None:
        make_member(email="bea@acme.example")
        self.guess(12)
        assert self.comes_in(email="bea@acme.example")

    def test_are_known_to_every_process(self, member: Member) -> None:
        self.guess(5)
        assert SharedValue.objects.exists(), "the count stands in the database, not in a process"

    def test_are_written_down_without_the_address(
        self, member: Member, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO", logger="sayso.security"):
            self.guess(6)
            self.guess(1, email="a stranger@example.org")

        said = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
        assert {record.getMessage() for record in caplog.records} == {
            "member.login_failed",
            "member.locked_out",
        }
        assert "ada@" not in said
        assert "stranger" not in said
        assert member_events.hash_login("ada@acme.example") in said
        assert "member.locked_out" in kinds(member)


class TestWhatIsWrittenDown:
    def test_a_login_in_the_log_and_in_a_line(
        self, member: Member, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO", logger="sayso.security"):
            log_in()

        assert [record.getMessage() for record in caplog.records] == ["member.login"]
        assert kinds(member) == ["member.login"]

    def test_no_entry_names_the_member_in_the_open(self, member: Member) -> None:
        log_in()
        kinds(member)

        assert member.pk not in bytes(Entry.objects.get().payload).decode()


def kinds(member: Member) -> list[str]:
    sequencer.settle_log(member.organisation_id, at=NOON)
    return list(Entry.objects.order_by("idx").values_list("kind", flat=True))

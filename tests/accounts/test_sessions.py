"""Sessions: no row opens a login, idleness and half a day end them, and so does every change of how
one logs in.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from accounts import second_factor, sessions
from accounts.models import LoginSession, Member
from accounts.tasks import delete_expired_records
from core import clock
from tests.fixtures.members import give_second_factor, logged_in
from tests.fixtures.organisations import PASSWORD, MakeMember

pytestmark = pytest.mark.django_db


def cookie_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = value
    return client


@pytest.fixture
def client(make_member: MakeMember) -> Client:
    return logged_in(make_member())


class TestARow:
    def test_is_named_by_the_hash_of_the_cookie(self, client: Client) -> None:
        row = LoginSession.objects.get()

        assert row.cookie_sha256 == hashlib.sha256(cookie_of(client).encode()).hexdigest()
        assert cookie_of(client) not in str(LoginSession.objects.values_list())

    def test_does_not_say_what_the_session_holds(
        self, client: Client, make_member: MakeMember
    ) -> None:
        sealed = bytes(LoginSession.objects.get().sealed)

        assert Member.objects.get().pk.encode() not in sealed
        assert b"_auth_user" not in sealed

    def test_logs_no_one_in_who_has_read_it(self, client: Client) -> None:
        assert is_in(with_cookie(cookie_of(client)))
        assert not is_in(with_cookie(LoginSession.objects.get().cookie_sha256))

    def test_does_not_open_after_it_was_moved_to_another_cookie(self, client: Client) -> None:
        mine = hashlib.sha256(b"mallory").hexdigest()
        LoginSession.objects.update(cookie_sha256=mine)

        assert not is_in(with_cookie("mallory"))


class TestASession:
    def test_ends_when_no_one_used_it_for_half_an_hour(self, client: Client) -> None:
        row = LoginSession.objects.get()
        assert sessions.IDLE - timedelta(minutes=1) < row.expires_at - clock.now() <= sessions.IDLE

        LoginSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))

        assert not is_in(client)

    def test_lives_on_while_it_is_used_but_no_longer_than_half_a_day(self, client: Client) -> None:
        begun = clock.now() - sessions.WHOLE + timedelta(minutes=5)
        LoginSession.objects.update(begun_at=begun, expires_at=clock.now() + timedelta(minutes=1))

        assert is_in(client)
        assert LoginSession.objects.get().expires_at == begun + sessions.WHOLE

    def test_gets_no_second_half_day_from_a_change_of_its_key(self, client: Client) -> None:
        begun = clock.now() - timedelta(hours=11)
        LoginSession.objects.update(begun_at=begun)

        client.post(
            "/account/password/change/",
            {
                "oldpassword": PASSWORD,
                "password1": "another long password",
                "password2": "another long password",
            },
        )

        assert is_in(client)
        assert LoginSession.objects.get().begun_at == begun

    def test_ends_with_a_change_of_the_password_elsewhere(self, make_member: MakeMember) -> None:
        member = make_member()
        first, second = logged_in(member), logged_in(member)

        first.post(
            "/account/password/change/",
            {
                "oldpassword": PASSWORD,
                "password1": "another long password",
                "password2": "another long password",
            },
        )

        assert is_in(first)
        assert not is_in(second)

    def test_ends_when_a_second_factor_is_removed_elsewhere(self, make_member: MakeMember) -> None:
        member = make_member()
        first, second = logged_in(member), logged_in(member)

        assert first.post("/account/2fa/totp/deactivate/")["Location"] == "/account/2fa/"

        assert is_in(first)
        assert not is_in(second)
        assert not second_factor.is_set_up(member)

    def test_has_a_cookie_that_scripts_cannot_read_and_that_ends_with_the_browser(
        self, make_member: MakeMember
    ) -> None:
        client = Client()
        client.post("/account/login/", {"login": make_member().email, "password": PASSWORD})
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]

        assert cookie["httponly"]
        assert not cookie["max-age"]
        assert cookie["samesite"] == "Lax"

    def test_that_has_ended_is_deleted(self, client: Client) -> None:
        LoginSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))

        delete_expired_records()

        assert not LoginSession.objects.exists()


class TestAnOldProof:
    """What cannot be undone asks again who is there."""

    @pytest.mark.parametrize(
        "address",
        [
            "/admin/provenance/export/audit/",
            "/account/2fa/totp/deactivate/",
            "/account/2fa/recovery-codes/generate/",
        ],
    )
    def test_is_not_enough(self, make_member: MakeMember, address: str) -> None:
        member = make_member()
        stale = logged_in(member, proof_seconds_ago=601)

        answer = stale.post(address, {"reason": "yearly audit"})

        assert answer["Location"].startswith("/account/reauthenticate/")
        assert second_factor.is_set_up(member)

    def test_is_renewed_by_the_password_and_then_the_act_goes_on(
        self, make_member: MakeMember
    ) -> None:
        stale = logged_in(make_member(), proof_seconds_ago=601)
        asked = stale.post("/account/2fa/totp/deactivate/")["Location"]

        assert stale.post(asked, {"password": "wrong password here"}).status_code == 200
        stale.post(asked, {"password": PASSWORD})

        assert not second_factor.is_set_up(Member.objects.get())

    def test_is_enough_to_stop_things(self, make_member: MakeMember) -> None:
        member = make_member()
        give_second_factor(member)
        stale = logged_in(member, proof_seconds_ago=601)

        assert stale.get("/admin/").status_code == 200

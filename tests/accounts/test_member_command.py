"""`manage.py member`: acts of who runs the service, on record; and what members cannot do to
themselves.
"""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import provisioning, second_factor
from accounts.models import Member, Organisation, Role
from core.errors import Invalid
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import PASSWORD, MakeMember
from transparency_log import sequencer
from transparency_log.models import Entry

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    told = StringIO()
    call_command("member", *arguments, stdout=told)
    return told.getvalue()


def kinds(organisation: Organisation) -> list[str]:
    sequencer.settle_log(organisation.id, at=NOON)
    return list(
        Entry.objects.filter(organisation_id=organisation.id)
        .order_by("idx")
        .values_list("kind", flat=True)
    )


class TestTheCommand:
    def test_adds_a_member_whose_first_login_leads_to_a_second_factor(
        self, acme: Organisation
    ) -> None:
        password = run("--email", "Olga@Acme.example", "--add", "--role", "officer").split()[1]

        answer = Client().post(
            "/account/login/", {"login": "olga@acme.example", "password": password}
        )

        assert answer["Location"] == "/account/2fa/totp/activate/"
        assert Member.objects.get().role == Role.OFFICER
        assert kinds(acme) == ["member.added", "member.login"]

    def test_sets_a_password_again_and_ends_every_session(
        self, make_member: MakeMember, acme: Organisation
    ) -> None:
        member = make_member()
        client = logged_in(member)

        password = run("--email", member.email, "--reset-password").split()[1]

        assert client.get("/admin/").status_code == 302
        assert Member.objects.get().check_password(password)
        assert kinds(acme) == ["member.password_changed"]

    def test_removes_a_lost_second_factor_and_ends_every_session(
        self, make_member: MakeMember, acme: Organisation
    ) -> None:
        member = make_member()
        client = logged_in(member)

        run("--email", member.email, "--reset-second-factor")

        assert client.get("/admin/").status_code == 302
        assert not second_factor.is_set_up(member)
        assert kinds(acme) == ["member.factor_removed"]

    def test_gives_another_role(self, make_member: MakeMember, acme: Organisation) -> None:
        member = make_member(role=Role.OFFICER)

        run("--email", member.email, "--role", "auditor")

        assert Member.objects.get().role == Role.AUDITOR
        assert kinds(acme) == ["member.role_changed"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--email", "nobody@acme.example", "--reset-password"),
            ("--email", "not an address", "--add", "--role", "officer"),
            ("--email", "new@acme.example", "--add"),
            ("--email", "owner@acme.example"),
            ("--email", "OWNER@acme.example", "--add", "--role", "auditor"),
        ],
    )
    def test_says_in_a_line_what_is_wrong(
        self, make_member: MakeMember, arguments: tuple[str, ...]
    ) -> None:
        make_member()
        with pytest.raises(CommandError):
            run(*arguments)


class TestAddresses:
    @pytest.mark.parametrize(
        "email",
        [
            "oẃner@acme.example",
            "ＯWNER@acme.example",
            "o\u212ane@acme.example",
            "ownеr@acme.example",
        ],
    )
    def test_that_look_like_anothers_are_no_members(self, acme: Organisation, email: str) -> None:
        with pytest.raises(Invalid):
            provisioning.create_member(
                organisation=acme, email=email, password=PASSWORD, role=Role.OWNER, at=NOON
            )

    def test_are_one_whatever_their_case_also_between_organisations(
        self, make_member: MakeMember, bolt: Organisation
    ) -> None:
        make_member(email="ada@acme.example")
        with pytest.raises(provisioning.NameTaken):
            provisioning.create_member(
                organisation=bolt,
                email="ADA@Acme.Example",
                password=PASSWORD,
                role=Role.OWNER,
                at=NOON,
            )

    @pytest.mark.parametrize("login", ["kim@acme.example", "KIM@ACME.EXAMPLE"])
    def test_log_in_in_either_case(self, make_member: MakeMember, login: str) -> None:
        make_member(email="Kim@acme.example")
        client = Client()
        client.post("/account/login/", {"login": login, "password": PASSWORD})
        assert "_auth_user_id" in client.session

    @pytest.mark.parametrize(
        "login", ["\u212aim@acme.example", "\uff4bim@acme.example", "k\u0131m@acme.example"]
    )
    def test_that_only_look_alike_log_no_one_in(self, make_member: MakeMember, login: str) -> None:
        make_member(email="kim@acme.example")
        client = Client()
        client.post("/account/login/", {"login": login, "password": PASSWORD})
        assert "_auth_user_id" not in client.session


class TestAMember:
    @pytest.mark.parametrize(
        "address",
        [
            "/account/email/",
            "/account/password/reset/",
            "/account/password/set/",
            "/account/signup/",
            "/account/confirm-email/",
            "/account/login/code/confirm/",
            "/account/2fa/trust/",
            "/account/password/reset/key/x-y/",
            "/account/3rdparty/",
            "/admin/password_change/done/",
            "/admin/search/",
        ],
    )
    def test_finds_none_of_the_pages_that_we_do_not_want(
        self, make_member: MakeMember, address: str
    ) -> None:
        client = logged_in(make_member())

        for answer in (
            client.get(address),
            client.post(address, {"email": "x@evil.example", "action_add": ""}),
        ):
            assert answer.status_code == 404
        assert Client().get(address).status_code == 404

    @pytest.mark.parametrize(
        ("address", "ours"),
        [
            ("/admin/password_change/", "/account/password/change/"),
            ("/admin/logout/", "/account/logout/"),
        ],
    )
    def test_is_led_to_ours(self, make_member: MakeMember, address: str, ours: str) -> None:
        client = logged_in(make_member())

        assert client.get(address)["Location"] == ours
        assert client.post(address, {"old_password": "guess"})["Location"] == ours

    def test_cannot_guess_a_colleagues_password_at_the_admins_own_form(
        self, make_member: MakeMember
    ) -> None:
        auditor, owner = make_member(role=Role.AUDITOR), make_member()
        client = logged_in(auditor)

        client.post("/admin/login/", {"username": owner.email, "password": PASSWORD})

        assert client.session["_auth_user_id"] == auditor.pk

    def test_gives_themselves_no_other_role_or_address(self, make_member: MakeMember) -> None:
        member = make_member(role=Role.AUDITOR)
        client = logged_in(member)
        told = {
            "role": "owner",
            "email": "x@evil.example",
            "is_superuser": "on",
            "access_until": "",
        }

        for address in (
            f"/admin/accounts/member/{member.pk}/change/", "/admin/accounts/member/add/",
            "/account/password/change/", "/account/2fa/", "/account/reauthenticate/",
            "/admin/accounts/member/",
        ):  # fmt: skip
            client.post(address, told)

        after = Member.objects.get()
        assert (after.role, after.email, after.is_superuser) == (Role.AUDITOR, member.email, False)

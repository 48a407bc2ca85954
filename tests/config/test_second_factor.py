"""The second factor: demanded of every role before live data is shown or anything is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Member, Role
from consent.models import Consent, Speaker
from erasure.models import Erasure
from provenance.models import Export
from tests.conftest import NOON
from tests.fixtures.consents import MakeSpeaker
from tests.fixtures.members import code_of, give_second_factor, logged_in
from tests.fixtures.organisations import PASSWORD, MakeMember
from tests.voices.conftest import MakeConsent
from tests.voices.test_races import in_threads

pytestmark = [pytest.mark.django_db, pytest.mark.once]
EVERYBODY = [*Role.values, "superuser"]


def make(make_member: MakeMember, role: str) -> Member:
    member = make_member(role=Role.OWNER if role == "superuser" else role)
    if role == "superuser":
        Member.objects.filter(pk=member.pk).update(is_superuser=True)
    return member


def addresses(row: Model) -> Iterator[str]:
    """Every address of the admin, those with a place for a row filled with this one."""
    for pattern in _walk(get_resolver().url_patterns, ""):
        if pattern.startswith("admin/"):
            yield "/" + pattern.replace("<path:object_id>", quote(row.pk)).replace(
                "<app_label>", "consent"
            )


def _walk(patterns: list[URLPattern | URLResolver], start: str) -> Iterator[str]:
    for pattern in patterns:
        here = start + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, here)
        else:
            yield here


class TestWithoutOne:
    @pytest.mark.parametrize("role", EVERYBODY)
    def test_no_page_of_any_role_shows_live_data_or_does_anything(
        self, make_member: MakeMember, make_speaker: MakeSpeaker, role: str
    ) -> None:
        live = make_speaker(live=True)
        client = logged_in(make(make_member, role), second_factor=False)

        seen = list(addresses(live))
        for address in seen:
            answer = client.get(address)
            assert answer.status_code != 500, address
            if answer.status_code == 200 and "javascript" not in answer["Content-Type"]:
                # Django says of a row that it does not show: there is none with this id.
                shown = answer.content.decode().replace(f"“{live.id}”", "")
                assert live.id not in shown, address
            posted = client.post(address, {"reason": "because I can", "post": "yes"})
            assert posted.status_code in {302, 403, 404, 405, 410}, address
        assert len(seen) > 80
        assert Speaker.objects.get(id=live.id).state == "active"
        assert not Export.objects.exists()
        assert not Erasure.objects.exists()

    @pytest.mark.parametrize("role", EVERYBODY)
    def test_acts_on_test_data_are_closed_too(
        self, make_member: MakeMember, make_maras_consent: MakeConsent, role: str
    ) -> None:
        consent = make_maras_consent()
        client = logged_in(make(make_member, role), second_factor=False)

        for act in ("revoke", "suspend", "resume", "history", "delete"):
            page = f"/admin/consent/consent/{quote(consent.pk)}/{act}/"
            assert client.get(page)["Location"] == "/account/2fa/"
            assert client.post(page, {"reason": "because I can"})["Location"] == "/account/2fa/"
        assert Consent.objects.get(id=consent.id).state == "active"

    def test_test_data_can_be_looked_at(
        self, make_member: MakeMember, make_maras_consent: MakeConsent
    ) -> None:
        consent = make_maras_consent()
        assert not consent.livemode
        client = logged_in(make_member(), second_factor=False)

        assert consent.id in client.get("/admin/consent/consent/").content.decode()
        page = client.get(f"/admin/consent/consent/{quote(consent.pk)}/change/")
        assert consent.record_sha256 in page.content.decode()
        assert "no second factor yet" in page.content.decode()

    def test_a_bundle_of_test_data_cannot_be_taken_out(self, make_member: MakeMember) -> None:
        member = make_member()
        export = Export.objects.create(
            id="exp_x", organisation=member.organisation, livemode=False, kind="audit",
            state="queued", actor="x", created_at=NOON, expires_at=NOON,
        )  # fmt: skip
        client = logged_in(member, second_factor=False)

        assert (
            client.get(f"/admin/provenance/export/{export.pk}/download/")["Location"]
            == "/account/2fa/"
        )


class TestWithOne:
    def test_live_data_is_shown(self, make_member: MakeMember, make_speaker: MakeSpeaker) -> None:
        live = make_speaker(live=True)

        assert live.id in logged_in(make_member()).get("/admin/consent/speaker/").content.decode()

    def test_recovery_codes_alone_are_none(
        self, make_member: MakeMember, make_speaker: MakeSpeaker
    ) -> None:
        live, member = make_speaker(live=True), make_member()
        give_second_factor(member)
        Authenticator.objects.filter(user=member).update(type=Authenticator.Type.RECOVERY_CODES)

        client = logged_in(member, second_factor=False)

        assert live.id not in client.get("/admin/consent/speaker/").content.decode()


@pytest.mark.django_db(transaction=True)
class TestTheFirstLogin:
    def test_leads_to_setting_it_up_and_then_everything_opens(
        self, make_member: MakeMember, make_speaker: MakeSpeaker
    ) -> None:
        live, member, client = make_speaker(live=True), make_member(), Client()

        answer = client.post("/account/login/", {"login": member.email, "password": PASSWORD})
        assert answer["Location"] == "/account/2fa/totp/activate/"

        page = client.get(answer["Location"])
        assert page.status_code == 200, "a login just now is proof enough"
        assert "<svg" in page.content.decode()
        assert "data:" not in page.content.decode()

        secret = client.session["mfa.totp.secret"]
        done = client.post(answer["Location"], {"code": code_of(secret)})
        assert done["Location"] == "/account/2fa/recovery-codes/"
        assert client.get(done["Location"]).status_code == 200
        assert live.id in client.get("/admin/consent/speaker/").content.decode()

    def test_of_who_has_one_asks_for_it(self, make_member: MakeMember) -> None:
        member, client = make_member(), Client()
        secret = give_second_factor(member)

        answer = client.post("/account/login/", {"login": member.email, "password": PASSWORD})
        assert answer["Location"] == "/account/2fa/authenticate/"
        assert client.get("/admin/")["Location"].startswith("/admin/login/")

        assert client.post(answer["Location"], {"code": code_of(secret)})["Location"] == "/admin/"
        assert client.get("/admin/").status_code == 200

    def test_takes_a_code_once(self, make_member: MakeMember) -> None:
        member = make_member()
        secret = give_second_factor(member)
        code = code_of(secret)

        locations = []
        for _ in range(2):
            client = Client()
            client.post("/account/login/", {"login": member.email, "password": PASSWORD})
            locations.append(client.post("/account/2fa/authenticate/", {"code": code}).status_code)

        assert locations == [302, 200]

    def test_takes_the_code_of_the_set_up_nowhere_once_more(self, make_member: MakeMember) -> None:
        member, client, other = make_member(), Client(), Client()
        client.post("/account/login/", {"login": member.email, "password": PASSWORD})
        client.get("/account/2fa/totp/activate/")
        secret = client.session["mfa.totp.secret"]
        code = code_of(secret)
        assert client.post("/account/2fa/totp/activate/", {"code": code}).status_code == 302

        other.post("/account/login/", {"login": member.email, "password": PASSWORD})
        spelt = [code, f"{code[:3]} {code[3:]}", f"{code}-"]
        again = [
            other.post("/account/2fa/authenticate/", {"code": one}).status_code for one in spelt
        ]
        proof = client.post("/account/2fa/reauthenticate/", {"code": code}).status_code

        assert (again, proof) == ([200, 200, 200], 200)

    def test_takes_the_code_of_a_login_for_no_proof_and_no_set_up(
        self, make_member: MakeMember
    ) -> None:
        member, client = make_member(), Client()
        secret = give_second_factor(member)
        code = code_of(secret)
        client.post("/account/login/", {"login": member.email, "password": PASSWORD})
        assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == 302

        proof = client.post("/account/2fa/reauthenticate/", {"code": code}).status_code
        Authenticator.objects.filter(user=member).delete()
        session = client.session
        session["mfa.totp.secret"] = secret
        session.save()
        set_up = client.post("/account/2fa/totp/activate/", {"code": code}).status_code

        assert (proof, set_up) == (200, 200)
        assert not Authenticator.objects.filter(user=member).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_are_let_in_by_one_code_once(self, make_member: MakeMember) -> None:
        member = make_member()
        secret = give_second_factor(member)
        clients = [Client() for _ in range(4)]
        for client in clients:
            client.post("/account/login/", {"login": member.email, "password": PASSWORD})
        code = code_of(secret)

        def enter(number: int) -> int:
            return int(
                clients[number].post("/account/2fa/authenticate/", {"code": code}).status_code
            )

        statuses = in_threads(enter, len(clients))

        assert (statuses.count(302), statuses.count(200)) == (1, 3)


class TestTheSecret:
    def test_lies_sealed(self, make_member: MakeMember) -> None:
        member = make_member()
        secret = give_second_factor(member)

        stored = str(Authenticator.objects.get(user=member).data)

        assert secret not in stored
        assert Authenticator.objects.get(user=member).wrap().validate_code(code_of(secret))

"""How people reach an organisation: what an entry may be, where it is set, and that live requests
need it.
"""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import contact_details
from accounts.models import Organisation, Role
from core import clock
from core.errors import Invalid
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import ClientOf, MakeKey, MakeMember
from tests.support import databases
from tests.support.consent_api import asked, post

pytestmark = [pytest.mark.django_db, pytest.mark.once(databases.POSTGRESQL)]

GOOD = [
    "voices@acme.example",
    "https://acme.example/reach-us",
    "Acme Books, 1 Harbour Street, Hamburg",
    "山田書店、東京都千代田区1-1",
    "+49 40 123456",
    "انتشارات نمونه، خیابان کتاب\u200cها ۱",
    "奈良県葛\U000e0100城市1-1",
]
BAD = [
    "voices@acme.example\r\nBcc: all@acme.example",
    "voices@acme.example\nBcc: all@acme.example",
    "Acme\u2028Books Hamburg",
    "voices@",
    "http://acme.example",
    "javascript://acme.example/%0aalert(1)",
    "https://",
    "https://user:secret@acme.example",
    "Acme\u200bBooks",
    "\u202eelpmaxe.emca",
    "\u3164\u3164\u3164\u3164",
    "\ufe0f\ufe0f\ufe0f",
    "voices@acme\u200c.example",
    "https://acme\u200d.example",
    "--- . ---",
    "x" * 301,
]


class TestAnEntry:
    @pytest.mark.parametrize("said", GOOD)
    def test_is_a_mail_an_https_or_a_postal_address(self, said: str) -> None:
        assert contact_details.parse_contact(f" {said} ", attr="contact") == said

    def test_has_plain_spaces(self) -> None:
        said = contact_details.parse_contact("東京都\u3000港区\u00a01\u3000", attr="contact")
        assert said == "東京都 港区 1"

    @pytest.mark.parametrize("said", BAD)
    def test_is_refused_when_it_would_mislead_or_break_a_header(self, said: str) -> None:
        with pytest.raises(Invalid) as caught:
            contact_details.parse_contact(said, attr="contact")
        assert caught.value.faults[0].attr == "contact"


class TestBootstrap:
    def test_takes_the_owners_address_when_none_is_given(self) -> None:
        call_command(
            "bootstrap", "--organisation", "Acme", "--email", "ada@acme.example", stdout=StringIO()
        )
        assert contact_details.get_contact(Organisation.objects.get()) == contact_details.Contact(
            contact="ada@acme.example"
        )

    def test_takes_contact_and_officer(self) -> None:
        more = ("--contact", "https://acme.example/voices", "--dpo", "dpo@acme.example")
        call_command("bootstrap", "--organisation", "Acme", *more, stdout=StringIO())
        said = contact_details.get_contact(Organisation.objects.get())
        assert (said.contact, said.dpo) == ("https://acme.example/voices", "dpo@acme.example")

    def test_makes_nothing_with_a_wrong_one(self) -> None:
        with pytest.raises(CommandError):
            call_command(
                "bootstrap",
                "--organisation",
                "Acme",
                "--contact",
                "http://acme.example",
                stdout=StringIO(),
            )
        assert not Organisation.objects.exists()


class TestTheApi:
    def test_shows_and_changes_it(self, make_key: MakeKey, client_of: ClientOf) -> None:
        api = client_of(make_key(live=True))
        changed = api.patch(
            "/v1/organisation", {"contact": "help@acme.example", "dpo": ""}, format="json"
        )
        assert changed.status_code == 200
        shown = json.loads(api.get("/v1/organisation").content)
        assert (shown["contact"], shown["dpo"]) == ("help@acme.example", None)

    @pytest.mark.parametrize("said", [*BAD[:4], "", "   "])
    def test_refuses_a_wrong_one(self, make_key: MakeKey, client_of: ClientOf, said: str) -> None:
        answer = client_of(make_key(live=True)).patch(
            "/v1/organisation", {"contact": said}, format="json"
        )
        assert answer.status_code == 422
        assert json.loads(answer.content)["errors"][0]["attr"] == "contact"
        assert (
            contact_details.get_contact(Organisation.objects.get()).contact == "voices@acme.example"
        )

    def test_wants_the_scope_of_administrators(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        api = client_of(make_key(scopes=["consents:write"]))
        assert (
            api.patch("/v1/organisation", {"dpo": "d@acme.example"}, format="json").status_code
            == 403
        )

    def test_makes_no_live_request_without_it(self, make_key: MakeKey, client_of: ClientOf) -> None:
        live = client_of(make_key(live=True))
        Organisation.objects.update(contact={})
        speaker = post(live, "/v1/speakers", {"name": "Ana", "email": "ana@example.org"}, 201)["id"]
        body = {
            "speaker": speaker,
            "duration": "P1Y",
            "grants": [
                {
                    "use_case": "research",
                    "intended_uses": "A study of how voices age, for the university.",
                    "actions": ["clone"],
                    "languages": ["en"],
                }
            ],
        }
        assert post(live, "/v1/consents", body, 409)["code"] == "contact_missing"

    def test_makes_requests_of_the_sandbox_without_it(
        self, make_key: MakeKey, client_of: ClientOf
    ) -> None:
        sandbox = client_of(make_key())
        Organisation.objects.update(contact={})
        assert asked(sandbox)["state"] == "requested"


class TestTheDesk:
    def test_lets_the_owner_change_it_and_no_one_else(self, make_member: MakeMember) -> None:
        owner = make_member(role=Role.OWNER)
        path = f"/admin/accounts/organisation/{owner.organisation_id.replace('_', '_5F')}/contact/"
        for role, status in ((Role.OFFICER, 403), (Role.OWNER, 302)):
            client = logged_in(owner if role == Role.OWNER else make_member(role=role))
            answer = client.post(path, {"contact": "new@acme.example", "dpo": ""})
            assert answer.status_code == status
        assert (
            contact_details.get_contact(Organisation.objects.get(id=owner.organisation_id)).contact
            == "new@acme.example"
        )

    def test_says_what_is_wrong_at_the_field(self, make_member: MakeMember) -> None:
        owner = make_member(role=Role.OWNER)
        client = logged_in(owner)
        path = f"/admin/accounts/organisation/{owner.organisation_id.replace('_', '_5F')}/contact/"
        shown = client.post(path, {"contact": "http://acme.example", "dpo": ""})
        assert "begins with https://" in shown.content.decode()


def test_a_change_is_on_record_without_the_words(make_key: MakeKey) -> None:
    organisation = make_key().key.organisation
    changed = contact_details.change_contact(
        organisation.id, {"dpo": "d@acme.example"}, actor="key:k", at=clock.now()
    )
    assert contact_details.get_contact(changed).dpo == "d@acme.example"

"""Delivery on the desk: an officer sees how a link left, and sends it again; the link itself is
never shown.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from rest_framework.test import APIClient

from accounts.models import Organisation, Role
from consent.lifecycle import link_sender
from consent.models import Delivery
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support.consent_api import ANA, asked
from tests.support.smtp_server import MailServer

pytestmark = pytest.mark.django_db
BUTTON = "Send the link again"


class TestAnOfficer:
    def test_sees_why_a_letter_failed_and_sends_it_again(
        self,
        live: APIClient,
        post_office: MailServer,
        make_member: MakeMember,
        organisation: Organisation,
    ) -> None:
        post_office.to_letter = "550 no such mailbox"
        made = asked(live)
        link_sender.send_pending(now=lambda: NOON)
        officer, path = (
            logged_in(make_member(role=Role.OFFICER, organisation=organisation)),
            page_of(made["id"]),
        )

        shown = officer.get(path).content.decode()
        for part in ("failed", "by mail", "a***@e***.org", "the server refused it", BUTTON):
            assert part in shown
        assert ANA["email"] not in shown
        assert "/sign/" not in shown

        assert BUTTON in officer.get(page_of(made["id"], "send-again")).content.decode()
        answer = officer.post(page_of(made["id"], "send-again"), {}, follow=True).content.decode()

        assert "The link is queued" in answer
        assert "/sign/" not in answer
        assert [row.state for row in Delivery.objects.order_by("created_at", "state")] == [
            "failed",
            "queued",
        ]
        post_office.to_letter = "250 taken"
        assert link_sender.send_pending(now=lambda: NOON + timedelta(minutes=1)) == 1
        assert "sent" in officer.get(path).content.decode()

    def test_sends_nothing_again_that_left_just_now(
        self,
        live: APIClient,
        post_office: MailServer,
        make_member: MakeMember,
        organisation: Organisation,
    ) -> None:
        made = asked(live)
        link_sender.send_pending(now=lambda: NOON)
        officer = logged_in(make_member(role=Role.OFFICER, organisation=organisation))
        officer.post(page_of(made["id"], "send-again"), {})
        assert Delivery.objects.count() == 1

    def test_finds_no_button_where_the_link_is_not_ours_to_send(
        self,
        sandbox: APIClient,
        live: APIClient,
        make_member: MakeMember,
        organisation: Organisation,
    ) -> None:
        officer = logged_in(make_member(role=Role.OFFICER, organisation=organisation))
        handed = asked(live, delivery={"channel": "controller"})
        for made, says in ((asked(sandbox), "was not sent"), (handed, "level L0")):
            shown = officer.get(page_of(made["id"])).content.decode()
            assert says in shown
            assert BUTTON not in shown
            assert officer.post(page_of(made["id"], "send-again"), {}).status_code == 403
        assert Delivery.objects.count() == 2


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ENGINEER])
def test_no_one_else_sends_a_link_again(
    live: APIClient,
    post_office: MailServer,
    make_member: MakeMember,
    organisation: Organisation,
    role: str,
) -> None:
    post_office.to_letter = "550 no such mailbox"
    made = asked(live)
    link_sender.send_pending(now=lambda: NOON)
    member = logged_in(make_member(role=role, organisation=organisation))
    assert BUTTON not in member.get(page_of(made["id"])).content.decode()
    assert member.post(page_of(made["id"], "send-again"), {}).status_code == 403
    assert Delivery.objects.count() == 1


def page_of(consent_id: str, act: str = "change") -> str:
    return f"/admin/consent/consent/{quote(consent_id)}/{act}/"

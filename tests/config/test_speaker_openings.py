"""Who a speaker is: shown to owner and officer alone, and each time on record."""

from __future__ import annotations

import pytest
from django.contrib.admin.utils import quote

from accounts.models import Role
from tests.conftest import NOON
from tests.fixtures.consents import MakeSpeaker
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from transparency_log import sequencer
from transparency_log.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NAME, EMAIL = "Scarlett Example", "scarlett@example.org"


def opened(organisation_id: str) -> list[Entry]:
    sequencer.settle_log(organisation_id, at=NOON)
    return list(Entry.objects.filter(organisation_id=organisation_id, kind="speaker.opened"))


class TestNameAndAddress:
    @pytest.mark.parametrize("role", [Role.OWNER, Role.OFFICER])
    @pytest.mark.parametrize("live", [True, False])
    def test_are_shown_to_who_answers_for_consent_and_each_time_on_record(
        self, make_member: MakeMember, make_speaker: MakeSpeaker, role: str, live: bool
    ) -> None:
        speaker = make_speaker(name=NAME, email=EMAIL, live=live)
        client = logged_in(make_member(role=role))

        for _ in range(2):
            shown = client.get(
                f"/admin/consent/speaker/{quote(speaker.pk)}/change/"
            ).content.decode()
            assert NAME in shown
            assert EMAIL in shown

        entries = opened(speaker.organisation_id)
        assert len(entries) == 2
        assert speaker.pk not in bytes(entries[0].payload).decode()

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.ENGINEER])
    def test_are_shown_to_no_other_role(
        self, make_member: MakeMember, make_speaker: MakeSpeaker, role: str
    ) -> None:
        speaker = make_speaker(name=NAME, email=EMAIL, live=True)
        client = logged_in(make_member(role=role))

        for address in (
            "/admin/consent/speaker/",
            f"/admin/consent/speaker/{quote(speaker.pk)}/change/",
        ):
            shown = client.get(address).content.decode()
            assert speaker.pk in shown
            assert NAME not in shown
            assert EMAIL not in shown
        assert opened(speaker.organisation_id) == []

    def test_are_shown_to_no_one_without_a_second_factor(
        self, make_member: MakeMember, make_speaker: MakeSpeaker
    ) -> None:
        speaker = make_speaker(name=NAME, email=EMAIL)
        client = logged_in(make_member(), second_factor=False)

        shown = client.get(f"/admin/consent/speaker/{quote(speaker.pk)}/change/").content.decode()

        assert speaker.pk in shown
        assert NAME not in shown

    def test_no_list_shows_them(self, make_member: MakeMember, make_speaker: MakeSpeaker) -> None:
        speaker = make_speaker(name=NAME, email=EMAIL, live=True)

        assert NAME not in logged_in(make_member()).get("/admin/consent/speaker/").content.decode()
        assert opened(speaker.organisation_id) == []

"""Callers' notes on the desk: found by the whole external id alone, opened for owner and officer
alone.
"""

from __future__ import annotations

import pytest
from django.db.models import Model

from accounts.models import Role
from consent import speakers
from consent.models import Speaker
from tests.config.test_admin_pages import page
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.voices.conftest import MakeConsent

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def speaker(make_maras_consent: MakeConsent) -> Speaker:
    found = make_maras_consent().speaker
    return speakers.update_speaker_row(
        found.id,
        organisation=found.organisation,
        livemode=found.livemode,
        changes={"external_id": "Zwölfender-7", "metadata": {"cast": "Ulf"}},
        actor="key:test",
        at=NOON,
    )


class TestSearch:
    @pytest.mark.parametrize(
        ("words", "found"), [("Zwölfender-7", True), ("Zwölfender", False), ("zwölfender-7", False)]
    )
    def test_finds_a_person_by_the_whole_external_id(
        self, make_member: MakeMember, speaker: Speaker, words: str, *, found: bool
    ) -> None:
        answer = logged_in(make_member()).get("/admin/consent/speaker/", {"q": words})
        assert (speaker.id in answer.content.decode()) is found


class TestOpening:
    @pytest.mark.parametrize(
        ("role", "opened"),
        [(Role.OWNER, True), (Role.OFFICER, True), (Role.ENGINEER, False), (Role.AUDITOR, False)],
    )
    def test_shows_notes_to_owner_and_officer_alone(
        self, make_member: MakeMember, speaker: Speaker, role: str, *, opened: bool
    ) -> None:
        shown: Model = speaker
        answer = logged_in(make_member(role=role)).get(page(shown)).content.decode()
        assert ("cast: Ulf" in answer, "Zwölfender-7" in answer) == (opened, opened)

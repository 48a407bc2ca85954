"""On the desk owners and officers settle a review; no one sees a neighbour's."""

from __future__ import annotations

import pytest

from accounts.models import Organisation, Role
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.voices.compared.conftest import (
    MakeSigned,
    anns,
    coras,
    review_of,
)
from tests.voices.conftest import Http
from voices.models import VoiceReview

pytestmark = pytest.mark.django_db(transaction=True)


class TestTheDesk:
    @pytest.mark.parametrize(
        ("role", "status"),
        [(Role.OWNER, 302), (Role.OFFICER, 302), (Role.ENGINEER, 403), (Role.AUDITOR, 403)],
    )
    def test_lets_owners_and_officers_settle(
        self,
        client: Http,
        compared: Organisation,
        make_signed: MakeSigned,
        make_member: MakeMember,
        role: str,
        status: int,
    ) -> None:
        first, second = anns(make_signed()), coras(make_signed())
        row, desk = VoiceReview.objects.get(), logged_in(make_member(role=role))

        listed = desk.get("/admin/voices/voicereview/").content.decode()
        answer = desk.post(
            f"/admin/voices/voicereview/{row.pk}/settle/", {"reason": "different_people"}
        )

        assert first.id in listed
        assert answer.status_code == status
        row.refresh_from_db()
        settled = status == 302
        assert (
            row.state == "settled",
            row.outcome == "different_people",
            row.settled_at is not None,
        ) == (settled,) * 3
        assert review_of(client, second.id)["state"] == ("settled" if settled else "open")

    def test_settles_once(
        self, client: Http, compared: Organisation, make_signed: MakeSigned, make_member: MakeMember
    ) -> None:
        anns(make_signed())
        coras(make_signed())
        row, desk = VoiceReview.objects.get(), logged_in(make_member())

        desk.post(f"/admin/voices/voicereview/{row.pk}/settle/", {"reason": "different_people"})
        desk.post(f"/admin/voices/voicereview/{row.pk}/settle/", {"reason": "same_person"})

        row.refresh_from_db()
        assert row.outcome == "different_people"

    def test_shows_nothing_to_a_neighbour(
        self,
        client: Http,
        compared: Organisation,
        make_signed: MakeSigned,
        make_member: MakeMember,
        bolt: Organisation,
    ) -> None:
        anns(make_signed())
        coras(make_signed())
        row, stranger = VoiceReview.objects.get(), logged_in(make_member(organisation=bolt))

        assert row.voice_id not in stranger.get("/admin/voices/voicereview/").content.decode()
        answer = stranger.post(
            f"/admin/voices/voicereview/{row.pk}/settle/", {"reason": "same_person"}
        )
        row.refresh_from_db()
        assert (answer.status_code, row.state) == (403, "open")

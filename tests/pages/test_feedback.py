"""What people say about an answer: taken from anyone, without a name, for a time, seen at the
right desk.
"""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Member, Organisation
from core import clock
from provenance import reader_feedback
from provenance.models import Feedback
from provenance.tasks import delete_expired_feedback
from provenance.web import opinion_labels
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support.catalogs import translate
from tests.voices.conftest import (
    Http,
    Reader,
    say,
)
from voices.models import Voice

pytestmark = pytest.mark.django_db
PATH = "/verify/feedback"


@pytest.fixture
def anybody() -> Client:
    return Client(enforce_csrf_checks=True)


def fill(**changes: str) -> dict[str, str]:
    return {
        "opinion": "wrong",
        "words": "It is my own voice.",
        "verdict": "not_found",
        "clip": "",
    } | changes


class TestTheForm:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_asks_and_sets_no_cookie(self, anybody: Client, language: str) -> None:
        response = anybody.get(f"{PATH}?lang={language}")
        assert (response.status_code, len(response.cookies)) == (200, 0)
        assert all(
            translate(label, language) in response.content.decode()
            for label in opinion_labels.LABELS.values()
        )

    def test_thanks_and_keeps_what_was_said(self, anybody: Client) -> None:
        response = anybody.post(PATH, fill(), follow=True)
        assert response.status_code == 200
        assert b"Thank you" in response.content
        row = Feedback.objects.get()
        assert (row.opinion, row.verdict, row.words, row.clip_id, row.organisation) == (
            "wrong", "not_found", "It is my own voice.", "", None,
        )  # fmt: skip

    def test_keeps_the_language_that_was_chosen(self, anybody: Client) -> None:
        assert anybody.post(f"{PATH}?lang=de", fill())["Location"] == f"{PATH}?lang=de&sent=1"
        assert Feedback.objects.get().language == "de"

    @pytest.mark.parametrize(
        "wrong",
        [{"opinion": ""}, {"opinion": "great"}, {"words": "x" * 1001}],
        ids=["none", "unknown", "long"],
    )
    def test_says_what_is_wrong_and_loses_nothing(
        self, anybody: Client, wrong: dict[str, str]
    ) -> None:
        response = anybody.post(PATH, fill(**wrong))
        assert response.status_code == 422
        assert b'role="alert"' in response.content
        assert (wrong.get("words") or "It is my own voice.") in response.content.decode()
        assert not Feedback.objects.exists()

    @pytest.mark.parametrize(
        "odd",
        [
            {"verdict": "<b>"},
            {"clip": "clp_" + "a" * 26},
            {"clip": "../x"},
            {"words": "a\0b"},
            {"words": "a\u202eb"},
            {"more": "x"},
        ],
    )
    def test_takes_nothing_on_trust(self, anybody: Client, odd: dict[str, str]) -> None:
        assert anybody.post(PATH, fill(**odd)).status_code == 302
        row = Feedback.objects.get()
        assert (
            row.verdict in {"", "not_found"},
            row.clip_id,
            any(sign in row.words for sign in "\0\u202e"),
        ) == (
            True,
            "",
            False,
        )

    def test_has_five_turns_a_minute(self, anybody: Client) -> None:
        answers = [
            anybody.post(PATH, fill()).status_code for _ in range(reader_feedback.A_MINUTE + 1)
        ]
        assert answers == [302] * reader_feedback.A_MINUTE + [429]


@pytest.fixture
def clip_id(product: Http, voice: Voice, reader: Reader) -> str:
    """A clip of Acme's."""
    found: str = say(product, voice)["Sayso-Clip"]
    return found


class TestTheDesk:
    def test_of_the_clips_organisation_sees_it_and_the_neighbours_does_not(
        self,
        anybody: Client,
        clip_id: str,
        make_member: MakeMember,
        acme: Organisation,
        bolt: Organisation,
    ) -> None:
        anybody.post(PATH, fill(clip=clip_id, verdict="issued", words="About your clip."))
        anybody.post(PATH, fill(words="About the page."))

        assert desk(make_member(organisation=acme)) == {"About your clip."}
        assert desk(make_member(organisation=bolt)) == set()

    def test_of_anyone_who_runs_the_service_sees_what_is_about_no_clip(
        self, anybody: Client, clip_id: str, make_member: MakeMember, bolt: Organisation
    ) -> None:
        anybody.post(PATH, fill(clip=clip_id, verdict="issued", words="About your clip."))
        anybody.post(PATH, fill(words="About the page.\nAnd more."))
        operator = make_member(organisation=bolt)
        Member.objects.filter(id=operator.id).update(is_superuser=True)
        operator.refresh_from_db()
        told = StringIO()

        call_command("feedback", stdout=told)

        assert {words[:15] for words in desk(operator)} == {"About the page."}
        assert [line.split("  ")[1:] for line in told.getvalue().splitlines()] == [
            ["wrong", "not_found", "en", "About the page. And more."]
        ]


def desk(member: Member) -> set[str]:
    """What a member reads on the pages of the desk."""
    visitor = logged_in(member)
    assert visitor.get("/admin/provenance/feedback/").status_code == 200
    found = set()
    for row in Feedback.objects.all():
        page = visitor.get(f"/admin/provenance/feedback/{row.pk}/change/").content.decode()
        words = reader_feedback.open_feedback_words(row)
        found |= {words} if words.splitlines()[0] in page else set()
    return found


class TestRetention:
    def test_deletes_after_half_a_year(self, anybody: Client) -> None:
        anybody.post(PATH, fill())
        delete_expired_feedback()
        assert Feedback.objects.count() == 1

        assert (
            reader_feedback.delete_old_feedback(
                at=clock.now() + reader_feedback.KEEP - timedelta(minutes=1)
            )
            == 0
        )
        assert (
            reader_feedback.delete_old_feedback(
                at=clock.now() + reader_feedback.KEEP + timedelta(minutes=1)
            )
            == 1
        )

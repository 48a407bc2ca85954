"""`manage.py expire_test_data`: what it says, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organisation
from consent.models import Speaker
from core import clock
from tests.conftest import NOON
from tests.fixtures.consents import MakeSpeaker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the command: 31 days after all that was."""
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=31))


def expire(*options: str) -> tuple[str, str]:
    """Run the command; give what it said and its progress."""
    said, progress = StringIO(), StringIO()
    call_command("expire_test_data", *options, stdout=said, stderr=progress)
    return said.getvalue(), progress.getvalue()


def states() -> set[str]:
    return set(Speaker.objects.values_list("state", flat=True))


class TestTheCommand:
    def test_says_what_went_and_how_far_it_is(
        self, make_speaker: MakeSpeaker, acme: Organisation
    ) -> None:
        make_speaker()

        said, progress = expire()

        assert (
            said
            == f"{acme.id}: 1 people, 0 voices, 0 clips, 0 jobs, 0 exports, 0 answers deleted\n"
        )
        assert "people: 1 of 1" in progress
        assert states() == {"erased"}

    def test_only_counts_in_a_dry_run(self, make_speaker: MakeSpeaker) -> None:
        make_speaker()

        assert "1 people" in expire("--dry-run")[0]
        assert states() == {"active"}

    def test_takes_another_age(self, make_speaker: MakeSpeaker) -> None:
        make_speaker()
        expire("--older-than", "P2M")
        assert states() == {"active"}

        expire("--older-than", "P1W")
        assert states() == {"erased"}

    def test_keeps_to_one_organisation(
        self, make_speaker: MakeSpeaker, acme: Organisation, bolt: Organisation
    ) -> None:
        make_speaker()

        assert expire("--organisation", bolt.id)[0].startswith(bolt.id)
        assert states() == {"active"}

    def test_leaves_live_people_alone(self, make_speaker: MakeSpeaker) -> None:
        make_speaker(live=True)
        expire()
        assert states() == {"active"}


class TestRefusals:
    @pytest.mark.parametrize(
        "text", ["30", "30 days", "P", "-P30D", "P30D ", "P9999Y", "P1.5D", ""]
    )
    def test_of_an_age_that_is_none(self, make_speaker: MakeSpeaker, text: str) -> None:
        make_speaker()
        with pytest.raises(CommandError):
            expire(f"--older-than={text}")
        assert states() == {"active"}

    def test_of_an_unknown_organisation(self) -> None:
        with pytest.raises(CommandError, match="there is no organisation org_x"):
            expire("--organisation", "org_x")

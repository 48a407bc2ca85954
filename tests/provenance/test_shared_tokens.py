"""One sound, one token: what copies share, and what they never share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from core import ids
from provenance.clips import clip_erasure, clip_lifecycle, clip_reservation
from provenance.clips.errors import ClipAlreadySettled
from provenance.models import Clip, MarkedSound
from tests.conftest import NOON
from tests.provenance.test_clips import draws, issue, origin_of
from tests.support.concurrency import at_once
from transparency_log import proofs
from vault import subject_keys

pytestmark = pytest.mark.both_databases

MINE, OTHERS = ids.new("con"), ids.new("con")
SOUND, OTHER_SOUND = b"\1\0" * 400, b"\1\0" * 399 + b"\2\0"


@pytest.fixture
def subject(acme: Organisation) -> str:
    return subject_keys.create_subject(kind="person", organisation_id=acme.id, at=NOON)


def settled(
    organisation: Organisation, subject: str, token: int, *names: bytes, consent_id: str
) -> clip_reservation.ClipReservation:
    """A clip in the making that drew this token, and whose sound was then known by these names."""
    origin = replace(origin_of(organisation, subject), consent_id=consent_id)
    intent = clip_reservation.reserve_clip(origin, at=NOON, draw=draws(token, token + 1_000))
    return clip_reservation.adopt_shared_token(intent, names or (SOUND,), at=NOON)


class TestCopies:
    def test_share_the_token_of_the_first(self, acme: Organisation, subject: str) -> None:
        made = [settled(acme, subject, token, consent_id=MINE) for token in (7, 8, 9)]

        assert [intent.token for intent in made] == [7, 7, 7]
        assert list(Clip.objects.order_by("token_shared").values_list("token", "token_shared")) == [
            (7, False), (7, True), (7, True),
        ]  # fmt: skip

    def test_of_another_sound_keep_their_own(self, acme: Organisation, subject: str) -> None:
        made = [
            settled(acme, subject, 7, consent_id=MINE),
            settled(acme, subject, 8, OTHER_SOUND, consent_id=MINE),
        ]

        assert [intent.token for intent in made] == [7, 8]

    def test_that_have_one_name_of_several_in_common_share_it(
        self, acme: Organisation, subject: str
    ) -> None:
        named = [
            (SOUND, b"words"),
            (OTHER_SOUND, b"words"),
            (OTHER_SOUND, b"other words"),
            (b"third", b"other words"),
        ]
        made = [
            settled(acme, subject, 7 + place, *names, consent_id=MINE)
            for place, names in enumerate(named)
        ]

        assert [intent.token for intent in made] == [7, 7, 7, 7]
        assert Clip.objects.get(token_shared=False).token == 7

    def test_take_the_token_of_the_surest_name(self, acme: Organisation, subject: str) -> None:
        settled(acme, subject, 7, SOUND, b"words", consent_id=MINE)
        settled(acme, subject, 8, OTHER_SOUND, b"other words", consent_id=MINE)

        assert settled(acme, subject, 9, OTHER_SOUND, b"words", consent_id=MINE).token == 8

    def test_under_another_consent_keep_their_own(self, acme: Organisation, subject: str) -> None:
        made = [
            settled(acme, subject, 7, consent_id=MINE),
            settled(acme, subject, 8, consent_id=OTHERS),
        ]

        assert [intent.token for intent in made] == [7, 8]

    def test_of_another_organisation_keep_their_own(
        self, acme: Organisation, bolt: Organisation, subject: str
    ) -> None:
        made = [
            settled(acme, subject, 7, consent_id=MINE),
            settled(bolt, subject, 8, consent_id=MINE),
        ]

        assert [intent.token for intent in made] == [7, 8]

    def test_say_so_in_the_log(self, acme: Organisation, subject: str) -> None:
        first, second = (settled(acme, subject, token, consent_id=MINE) for token in (7, 8))
        issued = [issue(intent, subject) for intent in (first, second)]

        assert [facts_of(clip).get("token_shared") for clip in issued] == [None, True]

    def test_of_a_clip_that_was_given_up_are_not_made(
        self, acme: Organisation, subject: str
    ) -> None:
        settled(acme, subject, 7, consent_id=MINE)
        intent = clip_reservation.reserve_clip(
            replace(origin_of(acme, subject), consent_id=MINE), at=NOON, draw=draws(8)
        )
        with transaction.atomic():
            clip_lifecycle.abort_clip(
                intent.clip_id, code="interrupted", at=NOON, actor="system:sweep"
            )

        with pytest.raises(ClipAlreadySettled):
            clip_reservation.adopt_shared_token(intent, (SOUND,), at=NOON)


class TestTheDatabase:
    def test_refuses_a_token_for_two_clips_of_which_none_says_that_it_is_shared(
        self, acme: Organisation, subject: str
    ) -> None:
        settled(acme, subject, 7, consent_id=MINE)
        settled(acme, subject, 8, consent_id=MINE)

        with pytest.raises(IntegrityError), transaction.atomic():
            Clip.objects.update(token_shared=False)

    def test_refuses_two_tokens_for_a_sound(self, acme: Organisation, subject: str) -> None:
        settled(acme, subject, 7, consent_id=MINE)
        first = MarkedSound.objects.get()

        with pytest.raises(IntegrityError), transaction.atomic():
            MarkedSound.objects.create(
                organisation=acme, epoch=first.epoch, sound=first.sound, token=8, created_at=NOON
            )


class TestErasure:
    def test_deletes_what_is_kept_of_the_sounds(self, acme: Organisation, subject: str) -> None:
        settled(acme, subject, 7, consent_id=MINE)
        other = subject_keys.create_subject(kind="person", organisation_id=acme.id, at=NOON)
        settled(acme, other, 8, OTHER_SOUND, consent_id=OTHERS)
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(subject)

        assert list(MarkedSound.objects.values_list("token", flat=True)) == [8]


def facts_of(clip: Clip) -> dict[str, object]:
    event = proofs.list_history(clip.organisation_id, clip.id)[-1]
    assert event.body is not None
    mark = event.body["mark"]
    assert isinstance(mark, dict)
    return dict(mark)


@pytest.mark.django_db(transaction=True)
class TestCopiesMadeAtOnce:
    @pytest.mark.parametrize("turn", range(5))
    def test_share_one_token_whichever_comes_first(
        self, acme: Organisation, subject: str, turn: int
    ) -> None:
        # Each has samples of its own, and all have the same words and length.
        reserved = [
            clip_reservation.reserve_clip(
                replace(origin_of(acme, subject), consent_id=MINE),
                at=NOON,
                draw=draws(100 * turn + number),
            )
            for number in range(6)
        ]

        settled_together = at_once(
            6,
            lambda number: clip_reservation.adopt_shared_token(
                reserved[number], (bytes([number]) * 80, b"words", b"length"), at=NOON
            ),
        )

        assert len({clip.token for clip in settled_together}) == 1
        sounds = MarkedSound.objects.values_list("token", flat=True)
        assert set(sounds) == {settled_together[0].token}
        assert Clip.objects.filter(token_shared=False).count() == 1

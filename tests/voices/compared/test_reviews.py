"""A new voice is compared with other people's where the owner and both people want it; it leads to
a review alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import Organisation
from erasure import erasure_requests as erasures
from erasure import execution
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey, MakeOrganisation
from tests.voices.compared.conftest import (
    COMPARED,
    CORAS,
    MEASURED_NOW,
    ORDINARY,
    REVIEW,
    MakeSigned,
    anns,
    asked,
    coded,
    codes,
    coras,
    kinds,
    made,
    review_of,
    switch,
    upload,
    work,
)
from tests.voices.conftest import AUDIO, Http, noon, revoke
from vault import sealed_values, subject_keys
from voices import voice_comparison
from voices.models import Voice, VoiceEmbedding, VoiceReview
from voices.sample_checks import voice_embedding

pytestmark = pytest.mark.django_db(transaction=True)


class TestTwoVoicesThatSoundTheSame:
    @pytest.mark.both_databases
    def test_lead_to_a_review_and_still_to_the_clone(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        first = anns(make_signed())
        answer = upload(client, make_signed(), *(coded(name, "opus") for name in CORAS))
        work()

        assert answer.status_code == 201, answer.content
        second = Voice.objects.get(id=answer.json()["id"])
        assert (review_of(client, first.id), review_of(client, second.id)) == (None, REVIEW)
        assert second.state == "ready"
        assert kinds().count("voice.likeness_noted") == 1
        row = VoiceReview.objects.get()
        assert (row.voice_id, row.other_id) == (second.id, first.id)
        assert row.likeness_milli >= 1000 * voice_embedding.RESEMBLES

    def test_do_not_name_the_other_to_the_caller(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        first = anns(make_signed())
        second = coras(make_signed())

        assert first.id not in client.get(f"/v1/voices/{second.id}").content.decode()

    def test_of_one_person_are_no_matter(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        ann = make_signed()
        anns(ann)

        assert review_of(client, coras(make_signed(speaker=ann.speaker_id)).id) is None

    @pytest.mark.both_databases
    def test_are_noted_once(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        anns(make_signed())
        second = coras(make_signed())
        VoiceEmbedding.objects.filter(voice_id=second.id).update(compared_at=None)

        work()

        assert (VoiceReview.objects.count(), kinds().count("voice.likeness_noted")) == (1, 1)

    @pytest.mark.both_databases
    def test_of_neighbours_never_meet(
        self,
        client: Http,
        compared: Organisation,
        make_signed: MakeSigned,
        make_organisation: MakeOrganisation,
        make_key: MakeKey,
        client_of: ClientOf,
    ) -> None:
        bolt = make_organisation("Bolt")
        switch(bolt, on=True)
        anns(make_signed())
        theirs = client_of(make_key(organisation=bolt))

        assert review_of(theirs, coras(make_signed(organisation=bolt)).id) is None
        assert VoiceEmbedding.objects.filter(compared_at__isnull=False).count() == 2

    def test_live_and_test_never_meet(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        live = anns(make_signed())
        Voice.objects.filter(id=live.id).update(livemode=True)

        assert review_of(client, coras(make_signed()).id) is None

    def test_are_no_matter_once_the_other_is_gone(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        first = anns(make_signed())
        client.delete(f"/v1/voices/{first.id}")

        assert not VoiceEmbedding.objects.exists()
        assert review_of(client, coras(make_signed()).id) is None


class TestTwoVoicesThatDoNot:
    def test_are_no_matter(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        anns(make_signed())
        other = made(make_signed(), (AUDIO / "pocketsphinx-cards.flac").read_bytes())

        assert review_of(client, other.id) is None
        assert VoiceEmbedding.objects.filter(compared_at__isnull=False).count() == 2


class TestNothingIsMeasured:
    def test_while_the_policy_is_off_as_it_is_at_first(
        self, client: Http, make_signed: MakeSigned
    ) -> None:
        anns(make_signed())

        assert review_of(client, coras(make_signed()).id) is None
        assert (VoiceEmbedding.objects.count(), len(MEASURED_NOW)) == (0, 0)

    @pytest.mark.parametrize("value", ["true", 1, "yes", None, ["live"]])
    def test_by_a_policy_that_is_not_exactly_true(
        self, client: Http, acme: Organisation, make_signed: MakeSigned, value: object
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"compare_voices": value})
        anns(make_signed())

        assert not VoiceEmbedding.objects.exists()

    @pytest.mark.parametrize(
        "notices", [(COMPARED, ORDINARY), (ORDINARY, COMPARED), (ORDINARY, ORDINARY)]
    )
    def test_unless_both_signed_the_notice_that_says_so(
        self,
        client: Http,
        compared: Organisation,
        make_signed: MakeSigned,
        notices: tuple[str, str],
    ) -> None:
        anns(make_signed(notice=notices[0]))

        assert review_of(client, coras(make_signed(notice=notices[1])).id) is None
        assert VoiceEmbedding.objects.count() == len(MEASURED_NOW) == notices.count(COMPARED)

    def test_once_the_consent_has_been_withdrawn(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        ann = make_signed()
        anns(ann)
        revoke(ann.id, compared.id)

        assert review_of(client, coras(make_signed()).id) is None
        assert not VoiceEmbedding.objects.filter(voice__consent_id=ann.id).exists()

    @pytest.mark.both_databases
    def test_once_the_owner_has_switched_it_off_and_what_was_is_deleted(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        anns(make_signed())
        switch(compared, on=False)

        assert not VoiceEmbedding.objects.exists()


class TestTheRequest:
    def test_under_such_a_notice_warns_while_the_policy_is_off(
        self, client: Http, acme: Organisation
    ) -> None:
        assert codes(asked(client)) == ["comparison_off"]

        switch(acme, on=True)
        assert codes(asked(client)) == []

    def test_under_the_ordinary_one_does_not(self, client: Http, acme: Organisation) -> None:
        assert codes(asked(client, notice=ORDINARY)) == []


@pytest.mark.both_databases
class TestWhatIsKept:
    def test_is_sealed_under_the_persons_key(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        anns(make_signed())
        row = VoiceEmbedding.objects.get()
        own, kept = MEASURED_NOW[0], bytes(row.sealed or b"")

        for numbers in (own.wide, own.narrow):
            assert all(numbers.astype(kind).tobytes()[:16] not in kept for kind in ("<f2", "<f4"))
        opened: Any = sealed_values.unseal(row.subject, f"voice|{row.voice_id}|embedding", kept)
        assert float(voice_embedding.parse_embedding(opened).wide @ own.wide) == pytest.approx(
            1.0, abs=1e-4
        )

    def test_goes_with_the_person_and_their_reviews_on_both_sides(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        ann = make_signed()
        anns(ann)
        second = coras(make_signed())
        assert VoiceReview.objects.exists()

        erasure = erasures.request_erasure(
            ann.speaker_id, organisation=compared, livemode=False, reason="requested",
            actor="system:test", at=NOON, wall_time=NOON,
        )  # fmt: skip
        execution.continue_erasure(erasure.id, now=noon)

        assert review_of(client, second.id) is None
        assert not VoiceReview.objects.exists()
        assert list(VoiceEmbedding.objects.values_list("voice_id", flat=True)) == [second.id]

    def test_is_not_brought_back_by_a_comparison_that_comes_after_the_erasure(
        self, client: Http, compared: Organisation, make_signed: MakeSigned
    ) -> None:
        ann = make_signed()
        voice = anns(ann)
        VoiceEmbedding.objects.update(compared_at=None, sealed=None)
        with transaction.atomic():
            subject_keys.destroy_key(ann.speaker.subject, at=NOON)

        assert voice_comparison.run_comparison(voice.id, actor="system:test", wall_clock=noon) == 0
        assert not VoiceEmbedding.objects.filter(sealed__isnull=False).exists()

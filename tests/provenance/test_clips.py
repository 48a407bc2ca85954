"""The life of a clip: one intent, one outcome, tokens that never meet, nothing personal left after
erasure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from core import ids
from core.caller_notes import Notes
from core.errors import NotFound
from provenance.clips import clip_erasure, clip_lifecycle, clip_reservation, watermark_keys
from provenance.clips.clip_fields import ClipDelivery, ClipDraft
from provenance.clips.clip_reservation import ClipReservation
from provenance.clips.errors import ClipAlreadySettled, ClipErased, ClipWithdrawn, TokensExhausted
from provenance.clips.log_body import LoggedTerms, PartialDelivery
from provenance.models import Clip, ClipState, MarkKey
from tests.conftest import NOON
from transparency_log import proofs
from vault import blobs, subject_keys

pytestmark = pytest.mark.both_databases


@pytest.fixture
def subject(acme: Organisation) -> str:
    return subject_keys.create_subject(kind="person", organisation_id=acme.id, at=NOON)


@pytest.fixture
def origin(acme: Organisation, subject: str) -> ClipDraft:
    return origin_of(acme, subject)


def origin_of(organisation: Organisation, subject: str) -> ClipDraft:
    return ClipDraft(
        organisation_id=organisation.id,
        livemode=False,
        subject=subject,
        consent_id=ids.new("con"),
        grant_id=ids.new("grt"),
        decision_id=ids.new("dec"),
        voice_id=ids.new("vox"),
        record_sha256="a" * 64,
        policy_version="1",
        provider="local",
        language="en",
        use_case="entertainment.audiobook",
        characters=12,
        notes=Notes(client_reference="chapter 1", external_id="x-1", metadata={"title": "Harbour"}),
    )


def delivery(blob_id: str = "", **changes: object) -> ClipDelivery:
    fields: dict[str, object] = {
        "sha256_provider": "1" * 64,
        "sha256": "2" * 64,
        "sha256_pcm": "3" * 64,
        "codec": "wav",
        "media_type": "audio/wav",
        "size": 5,
        "duration_ms": 4000,
        "blob_id": blob_id,
        "scheme": "sayso-speech/1",
        "self_checks": ("delivered",),
    }
    # Spelt once for all tests.
    return ClipDelivery(**{**fields, **changes})  # type: ignore[arg-type]


def said(script: str = "The lamps were lit.") -> LoggedTerms:
    terms = {
        "use_case": "entertainment.audiobook",
        "languages": ["en"],
        "valid_until": "2027-11-21T12:00:00Z",
    }
    return LoggedTerms(script=script, grant=terms, asked={"channel": None, "territory": None})


@transaction.atomic
def issue(intent: ClipReservation, subject: str) -> Clip:
    blob_id = blobs.store_blob(subject=subject, kind="clip", data=b"audio", at=NOON)
    return clip_lifecycle.issue_clip(
        intent.clip, delivery(blob_id), terms=said(), at=NOON, actor="key:test"
    )


def draws(*tokens: int) -> watermark_keys.Draw:
    left: Iterator[int] = iter(tokens)
    return lambda: next(left)


class TestIntend:
    def test_draws_again_when_the_token_is_taken(self, acme: Organisation, subject: str) -> None:
        clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON, draw=draws(7))

        second = clip_reservation.reserve_clip(
            origin_of(acme, subject), at=NOON, draw=draws(7, 7, 8)
        )

        assert second.token == 8

    def test_gives_up_when_no_token_is_free(self, acme: Organisation, subject: str) -> None:
        clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON, draw=draws(7))

        with pytest.raises(TokensExhausted):
            clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON, draw=lambda: 7)

    def test_two_organisations_may_draw_the_same_token(
        self, acme: Organisation, bolt: Organisation, subject: str
    ) -> None:
        one = clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON, draw=draws(7))
        two = clip_reservation.reserve_clip(origin_of(bolt, subject), at=NOON, draw=draws(7))

        assert one.token == two.token
        assert one.key != two.key

    def test_a_new_year_has_a_new_key(self, acme: Organisation, subject: str) -> None:
        one, two = (
            clip_reservation.reserve_clip(
                replace(origin_of(acme, subject), livemode=True), at=at, draw=draws(7)
            )
            for at in (NOON, NOON.replace(year=2027))
        )

        assert one.key != two.key
        assert set(watermark_keys.list_watermark_keys()) == {f"{acme.id}|2026", f"{acme.id}|2027"}

    def test_a_decision_makes_one_clip(self, origin: ClipDraft) -> None:
        clip_reservation.reserve_clip(origin, at=NOON)

        with pytest.raises(IntegrityError), transaction.atomic():
            clip_reservation.reserve_clip(origin, at=NOON)

    def test_the_id_tells_nothing_about_time(self) -> None:
        made = [clip_reservation.generate_clip_id() for _ in range(50)]

        assert all(ids.is_id(one, "clp") for one in made)
        assert made != sorted(made)


class TestIssue:
    def test_happens_once(self, origin: ClipDraft, subject: str) -> None:
        intent = clip_reservation.reserve_clip(origin, at=NOON)
        issue(intent, subject)

        with pytest.raises(ClipAlreadySettled):
            issue(intent, subject)

    def test_never_after_an_abort(self, origin: ClipDraft, subject: str) -> None:
        intent = clip_reservation.reserve_clip(origin, at=NOON)
        with transaction.atomic():
            assert clip_lifecycle.abort_clip(
                intent.clip_id, code="interrupted", at=NOON, actor="system:sweep"
            )

        with pytest.raises(ClipAlreadySettled):
            issue(intent, subject)

    def test_logs_hashes_and_ids_and_no_words_of_the_caller(
        self, origin: ClipDraft, subject: str
    ) -> None:
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        event = proofs.list_history(clip.organisation_id, clip.id)[-1]
        assert event.body is not None
        assert (event.body["sha256"], event.body["mark"]) == (
            "2" * 64,
            {
                "scheme": "sayso-speech/1",
                "epoch": watermark_keys.TEST_EPOCH,
                "token": f"{clip.token:08x}",
                "score_milli": 0,
                "margin_milli_db": 0,
                "checks": ["delivered"],
            },
        )
        assert not any(word in f"{event.body}" for word in ("chapter", "x-1", "Harbour"))

    def test_keeps_the_entry_small(self, origin: ClipDraft, subject: str) -> None:
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        assert len(proofs.list_history(clip.organisation_id, clip.id)[-1].payload) < 512

    def test_the_proof_can_be_had(self, origin: ClipDraft, subject: str) -> None:
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        assert proofs.build_tlog_proof(clip.event_id, at=NOON).startswith("c2sp.org/tlog-proof@v1")


class TestAbort:
    def test_only_the_first_one_counts(self, origin: ClipDraft) -> None:
        intent = clip_reservation.reserve_clip(origin, at=NOON)

        with transaction.atomic():
            first = clip_lifecycle.abort_clip(intent.clip_id, code="a", at=NOON, actor="key:test")
            second = clip_lifecycle.abort_clip(intent.clip_id, code="b", at=NOON, actor="key:test")

        assert (first, second, Clip.objects.get().code) == (True, False, "a")


class TestWithdraw:
    def test_takes_the_clips_of_that_consent_alone(self, acme: Organisation, subject: str) -> None:
        mine, other = (
            issue(clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON), subject)
            for _ in range(2)
        )

        assert (
            clip_lifecycle.withdraw_clips_of_consent(mine.consent_id, at=NOON, actor="system:sweep")
            == 1
        )
        assert (
            clip_lifecycle.withdraw_clips_of_consent(mine.consent_id, at=NOON, actor="system:sweep")
            == 0
        )

        other.refresh_from_db()
        assert other.state == ClipState.ISSUED
        with pytest.raises(ClipWithdrawn):
            clip_lifecycle.read_delivered_bytes(mine.id)


class TestErase:
    def test_leaves_hashes_that_lead_to_no_one(self, origin: ClipDraft, subject: str) -> None:
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        with transaction.atomic():
            assert clip_erasure.erase_clips_of_subject(subject) == 1

        clip.refresh_from_db()
        assert (clip.state, clip.subject, clip.voice_id) == ("erased", "", "")
        assert (clip.sealed_notes, clip.external_index, clip.reference_index) == (None, "", "")
        assert clip.sha256 == "2" * 64
        with pytest.raises(ClipErased):
            clip_lifecycle.read_delivered_bytes(clip.id)

    def test_ends_what_is_being_made(self, origin: ClipDraft, subject: str) -> None:
        intent = clip_reservation.reserve_clip(origin, at=NOON)
        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(subject)

        with pytest.raises(ClipAlreadySettled):
            issue(intent, subject)

    def test_touches_no_one_else(self, acme: Organisation, origin: ClipDraft, subject: str) -> None:
        somebody = subject_keys.create_subject(kind="person", organisation_id=acme.id, at=NOON)
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        with transaction.atomic():
            assert clip_erasure.erase_clips_of_subject(somebody) == 0

        assert clip_lifecycle.read_delivered_bytes(clip.id) == b"audio"


class TestFind:
    def test_a_clip_that_never_left_does_not_exist(self, origin: ClipDraft) -> None:
        intent = clip_reservation.reserve_clip(origin, at=NOON)

        with pytest.raises(NotFound):
            clip_lifecycle.get_clip(
                intent.clip_id, organisation_id=origin.organisation_id, livemode=False
            )

    def test_strangers_and_live_keys_find_nothing(
        self, origin: ClipDraft, subject: str, bolt: Organisation
    ) -> None:
        clip = issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        for organisation_id, livemode in ((bolt.id, False), (clip.organisation_id, True)):
            with pytest.raises(NotFound):
                clip_lifecycle.get_clip(clip.id, organisation_id=organisation_id, livemode=livemode)


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"state": "issued"}, "clip_that_left_has_hashes_and_time"),
            ({"sha256": "a" * 64}, "clip_that_never_left_has_no_audio"),
            ({"token": 2**32}, "clip_token_is_32_bits"),
            ({"state": "lost"}, "clip_state_is_known"),
        ],
    )
    def test_refuses(self, origin: ClipDraft, changes: dict[str, object], constraint: str) -> None:
        clip_reservation.reserve_clip(origin, at=NOON)

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Clip.objects.update(**changes)

    def test_refuses_an_erased_clip_that_still_leads_to_someone(
        self, origin: ClipDraft, subject: str
    ) -> None:
        issue(clip_reservation.reserve_clip(origin, at=NOON), subject)

        with (
            pytest.raises(IntegrityError, match="clip_erased_leads_to_no_person"),
            transaction.atomic(),
        ):
            Clip.objects.update(state="erased")

    def test_refuses_a_token_twice_under_one_key(self, acme: Organisation, subject: str) -> None:
        for _ in range(2):
            clip_reservation.reserve_clip(origin_of(acme, subject), at=NOON)

        with pytest.raises(IntegrityError), transaction.atomic():
            Clip.objects.update(token=5)

    def test_refuses_an_epoch_twice(self, acme: Organisation) -> None:
        MarkKey.objects.create(organisation=acme, epoch=2026, created_at=NOON)

        with pytest.raises(IntegrityError), transaction.atomic():
            MarkKey.objects.create(organisation=acme, epoch=2026, created_at=NOON)


class TestKeyNames:
    @given(epoch=st.integers(min_value=1, max_value=9999))
    def test_are_read_back(self, epoch: int) -> None:
        key = watermark_keys.MarkingKey(
            organisation_id="org_" + "a" * 26, epoch=epoch, key=b"", audiowmark_key=b""
        )

        assert watermark_keys.parse_key_name(key.name) == (key.organisation_id, epoch)


class TestAPart:
    """What had left of a stream that was broken off."""

    def broken(self, organisation: Organisation, subject: str) -> Clip:
        intent = clip_reservation.reserve_clip(origin_of(organisation, subject), at=NOON)
        part = PartialDelivery(sent=delivery(), characters=5, said=said())
        with transaction.atomic():
            assert clip_lifecycle.abort_clip(
                intent.clip_id, code="client_gone", at=NOON, actor="key:test", part=part
            )
        return Clip.objects.get(id=intent.clip_id)

    def test_is_found_by_its_owner_with_hash_and_size(
        self, acme: Organisation, subject: str
    ) -> None:
        clip = self.broken(acme, subject)

        assert (
            clip_lifecycle.get_clip(clip.id, organisation_id=acme.id, livemode=clip.livemode)
            == clip
        )
        assert (clip.state, clip.sha256, clip.size, clip.characters) == ("aborted", "2" * 64, 5, 5)
        assert clip not in Clip.objects.delivered_in_full()

    def test_says_in_the_log_that_it_is_not_all(self, acme: Organisation, subject: str) -> None:
        clip = self.broken(acme, subject)

        event = proofs.list_history(acme.id, clip.id)[-1]
        assert event.body is not None
        assert (event.kind, event.body["complete"], event.body["bytes"]) == (
            "clip.aborted",
            False,
            5,
        )

    def test_gives_out_no_audio(self, acme: Organisation, subject: str) -> None:
        with pytest.raises(NotFound):
            clip_lifecycle.read_delivered_bytes(self.broken(acme, subject).id)

    @pytest.mark.parametrize(
        "change", [{"blob_id": "ent_x"}, {"sha256": ""}, {"size": 0}, {"issued_at": None}]
    )
    def test_is_held_to_its_shape_by_the_database(
        self, acme: Organisation, subject: str, change: dict[str, object]
    ) -> None:
        clip = self.broken(acme, subject)
        with (
            pytest.raises(IntegrityError, match="clip_that_never_left_has_no_audio"),
            transaction.atomic(),
        ):
            Clip.objects.filter(id=clip.id).update(**change)

    def test_leads_to_no_one_after_an_erasure(self, acme: Organisation, subject: str) -> None:
        clip = self.broken(acme, subject)

        with transaction.atomic():
            clip_erasure.erase_clips_of_subject(subject)

        clip.refresh_from_db()
        assert (clip.state, clip.subject, clip.voice_id, clip.sealed_notes) == (
            "aborted",
            "",
            "",
            None,
        )

"""The sweep: finds by the rows what lost messages, dead workers and ended consents left to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Organisation
from consent import gate
from consent import services as consents
from consent.models import Consent, GrantUsage, Reservation
from core import leases
from core.errors import NotFound
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import (
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    revoke,
)
from tests.voices.test_jobs import queue
from transparency_log import proofs
from upstream.upstream_errors import ProviderUnavailable
from vault import blobs
from voices import reconcile, voice_deletion, voice_macs
from voices.models import MOVES, Voice, VoiceState
from voices.speech import job_queue, pipeline, preparation

pytestmark = pytest.mark.both_databases

LATER = NOON + timedelta(hours=1)


def issue(voice: Voice) -> Clip:
    spoken = pipeline.synthesize_clip(
        order_for(voice), voice, principal=principal_of(voice), now=noon, providers=only(Reader())
    )
    return Clip.objects.get(id=spoken.clip_id)


class TestLostJobs:
    def test_a_job_whose_message_was_lost_is_found(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())

        assert reconcile.sweep_pending_work(at=NOON).jobs == (job.id,)

    def test_a_job_whose_worker_died_is_found_when_its_lease_is_over(
        self, make_voice: MakeVoice
    ) -> None:
        job = queue(make_voice())
        job_queue.claim_item(job.id, at=NOON)

        assert (
            reconcile.sweep_pending_work(at=NOON + leases.LEASE - timedelta(seconds=1)).jobs == ()
        )
        assert reconcile.sweep_pending_work(at=NOON + leases.LEASE).jobs == (job.id,)


class TestEndedConsents:
    def test_their_voices_go(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        revoke(voice.consent_id, voice.organisation_id)

        found = reconcile.sweep_pending_work(at=NOON)
        assert found.voices == (voice.id,)
        voice_deletion.run_deletion(
            voice.id, actor="system:sweep", wall_clock=noon, providers=only(Reader())
        )

        voice.refresh_from_db()
        assert (voice.state, voice.code) == ("deleted", "consent_ended")

    def test_so_do_those_whose_term_is_over(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        consents.expire_due(at=NOON + timedelta(days=366))

        assert reconcile.sweep_pending_work(at=NOON + timedelta(days=366)).voices == (voice.id,)

    def test_a_suspended_consent_keeps_its_voices(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        consents.suspend_consent(
            voice.consent_id, organisation_id=voice.organisation_id, livemode=False, reason="check",
            actor="key:acme", at=NOON,
        )  # fmt: skip

        assert reconcile.sweep_pending_work(at=NOON).voices == ()

    def test_their_clips_are_marked_and_logged(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        clip = issue(voice)
        revoke(voice.consent_id, voice.organisation_id)

        reconcile.sweep_pending_work(at=NOON)

        clip.refresh_from_db()
        assert (clip.state, clip.ended_at) == ("withdrawn", NOON)
        assert [event.kind for event in proofs.list_history(clip.organisation_id, clip.id)][
            -1
        ] == "clip.withdrawn"

    def test_clips_under_a_consent_that_ran_out_stay_issued(self, make_voice: MakeVoice) -> None:
        clip = issue(make_voice())
        consents.expire_due(at=NOON + timedelta(days=366))

        reconcile.sweep_pending_work(at=NOON + timedelta(days=366))

        clip.refresh_from_db()
        assert clip.state == "issued"

    def test_a_renewed_consent_takes_its_voices_over(
        self, make_consent: MakeConsent, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        whose = {"organisation_id": voice.organisation_id, "actor": "key:acme", "at": NOON}
        asked = consents.renew_consent(voice.consent_id, livemode=False, duration="P2Y", **whose)  # type: ignore[arg-type]  # spelt once
        consents.sign_as_test(asked.consent.id, **whose)  # type: ignore[arg-type]  # as above
        assert Consent.objects.get(id=voice.consent_id).state == "superseded"

        assert reconcile.sweep_pending_work(at=NOON).voices == ()

        voice.refresh_from_db()
        assert (voice.state, voice.consent_id) == ("ready", asked.consent.id)
        assert voice_macs.has_valid_mac(voice)


class TestCutOff:
    def test_a_clip_that_no_one_makes_any_more_is_aborted_and_its_quota_given_back(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        principal = principal_of(voice)
        preparation.prepare_speech(order_for(voice), voice, principal=principal, now=noon)

        reconcile.sweep_pending_work(at=NOON + leases.LEASE - timedelta(seconds=1))
        assert Clip.objects.get().state == "making"
        reconcile.sweep_pending_work(at=NOON + leases.LEASE)

        assert (Clip.objects.get().state, Clip.objects.get().code) == ("aborted", "interrupted")
        assert Reservation.objects.get().state == "released"

    def test_a_permit_that_died_before_its_clip_is_given_back_within_minutes(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        principal = principal_of(voice)
        access = preparation.build_access_request(order_for(voice), voice, principal)
        gate.check(access, at=NOON, actor=principal.actor, voice=voice)

        reconcile.sweep_pending_work(at=NOON + reconcile.UNUSED_FOR - timedelta(seconds=1))
        assert Reservation.objects.get().state == "held"
        reconcile.sweep_pending_work(at=NOON + reconcile.UNUSED_FOR)

        assert Reservation.objects.get().state == "released"
        assert GrantUsage.objects.get().held_clips == 0

    def test_an_expired_voice_is_noted(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        Voice.objects.update(provider_expires_at=NOON)

        reconcile.sweep_pending_work(at=NOON)

        voice.refresh_from_db()
        assert voice.state == "expired"


class TestRemoval:
    def test_leaves_nothing_of_the_voice(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        profile = voice.profile_blob_id
        voice_deletion.begin_deletion(voice.id, code="requested")

        assert voice_deletion.run_deletion(
            voice.id, actor="key:acme", wall_clock=noon, providers=only(Reader())
        )

        voice.refresh_from_db()
        assert (voice.state, voice.sealed_label, voice.profile_blob_id, voice.deleted_at) == (
            "deleted",
            None,
            "",
            NOON,
        )
        with pytest.raises(NotFound):
            blobs.get_blob(profile)

    def test_is_tried_again_when_the_provider_is_down(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        voice_deletion.begin_deletion(voice.id, code="requested")

        def down() -> None:
            raise ProviderUnavailable("The provider does not answer.")

        with pytest.raises(ProviderUnavailable):
            voice_deletion.run_deletion(
                voice.id, actor="key:acme", wall_clock=noon, providers=only(Reader(down))
            )
        assert reconcile.sweep_pending_work(at=NOON).voices == ()
        again = NOON + voice_deletion.SHORTEST_WAIT
        assert reconcile.sweep_pending_work(at=again).voices == (voice.id,)

    def test_happens_once(self, make_voice: MakeVoice) -> None:
        voice, reader = make_voice(), Reader()
        assert voice_deletion.begin_deletion(voice.id, code="requested")
        assert not voice_deletion.begin_deletion(voice.id, code="requested")

        voice_deletion.run_deletion(
            voice.id, actor="key:acme", wall_clock=noon, providers=only(reader)
        )
        voice_deletion.run_deletion(
            voice.id, actor="key:acme", wall_clock=noon, providers=only(reader)
        )

        assert len(reader.deleted) == 1
        events = proofs.list_history(voice.organisation_id, voice.id)
        assert [event.kind for event in events] == ["voice.deleted"]

    def test_no_state_leads_back_from_deletion(self) -> None:
        assert MOVES[VoiceState.REVOKING] == {VoiceState.DELETED}
        assert MOVES[VoiceState.DELETED] == frozenset()


class TestTestClock:
    def test_test_data_is_swept_by_its_own_clock(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        clip = issue(make_voice())
        Organisation.objects.filter(id=acme.id).update(test_clock_ms=86_400_000)
        consent = Consent.objects.get(id=clip.consent_id)
        revoke(consent.id, acme.id, at=NOON + timedelta(days=1))

        reconcile.sweep_pending_work(at=NOON)

        clip.refresh_from_db()
        assert clip.ended_at == NOON + timedelta(days=1)

"""The sweep: finds by the rows what lost messages, dead workers and ended consents left to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Organisation
from consent import gate
from consent import services as consents
from consent.models import Consent, Reservation
from core.errors import NotFound
from provenance import clips
from provenance.ledger import proofs
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import MakeConsent, MakeVoice, Reader, asker_of, noon, only, order_for, revoke
from tests.voices.test_jobs import queue
from vault import blobs
from voices import binding, jobs, pipeline, removal, sweeps
from voices.disclosure import Disclosure
from voices.models import MOVES, Voice, VoiceState
from voices.providers.base import ProviderDown

LATER = NOON + timedelta(hours=1)


def issue(voice: Voice) -> Clip:
    spoken = pipeline.speak(order_for(voice), asker=asker_of(voice), now=noon, providers=only(Reader()))
    return Clip.objects.get(id=spoken.clip_id)


class TestLostJobs:
    def test_a_job_whose_message_was_lost_is_found(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())

        assert sweeps.sweep(at=NOON).jobs == (job.id,)

    def test_a_job_whose_worker_died_is_found_when_its_lease_is_over(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        jobs.claim(job.id, at=NOON)

        assert sweeps.sweep(at=NOON + jobs.LEASE - timedelta(seconds=1)).jobs == ()
        assert sweeps.sweep(at=NOON + jobs.LEASE).jobs == (job.id,)


class TestEndedConsents:
    def test_their_voices_go(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        revoke(voice.consent_id, voice.organisation_id)

        found = sweeps.sweep(at=NOON)
        assert found.voices == (voice.id,)
        removal.carry_out(voice.id, actor="system:sweep", real=noon, providers=only(Reader()))

        voice.refresh_from_db()
        assert (voice.state, voice.code) == ("deleted", "consent_ended")

    def test_so_do_those_whose_term_is_over(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        consents.expire_due(at=NOON + timedelta(days=366))

        assert sweeps.sweep(at=NOON + timedelta(days=366)).voices == (voice.id,)

    def test_a_suspended_consent_keeps_its_voices(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        consents.suspend(
            voice.consent_id, organisation_id=voice.organisation_id, livemode=False, reason="check",
            actor="key:acme", at=NOON,
        )  # fmt: skip

        assert sweeps.sweep(at=NOON).voices == ()

    def test_their_clips_are_marked_and_logged(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        clip = issue(voice)
        revoke(voice.consent_id, voice.organisation_id)

        sweeps.sweep(at=NOON)

        clip.refresh_from_db()
        assert (clip.state, clip.ended_at) == ("withdrawn", NOON)
        assert [event.kind for event in proofs.history(clip.organisation_id, clip.id)][-1] == "clip.withdrawn"

    def test_clips_under_a_consent_that_ran_out_stay_issued(self, make_voice: MakeVoice) -> None:
        clip = issue(make_voice())
        consents.expire_due(at=NOON + timedelta(days=366))

        sweeps.sweep(at=NOON + timedelta(days=366))

        clip.refresh_from_db()
        assert clip.state == "issued"

    def test_a_renewed_consent_takes_its_voices_over(self, make_consent: MakeConsent, make_voice: MakeVoice) -> None:
        voice = make_voice()
        whose = {"organisation_id": voice.organisation_id, "actor": "key:acme", "at": NOON}
        asked = consents.renew(voice.consent_id, livemode=False, duration="P2Y", **whose)  # type: ignore[arg-type]  # spelt once
        consents.sign_as_test(asked.consent.id, **whose)  # type: ignore[arg-type]  # as above
        assert Consent.objects.get(id=voice.consent_id).state == "superseded"

        assert sweeps.sweep(at=NOON).voices == ()

        voice.refresh_from_db()
        assert (voice.state, voice.consent_id) == ("ready", asked.consent.id)
        assert binding.holds(voice)


class TestCutOff:
    def test_a_clip_that_nobody_makes_any_more_is_aborted_and_its_quota_given_back(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        asker = asker_of(voice)
        permit = gate.check(pipeline.ask_of(order_for(voice), voice, asker), at=NOON, actor=asker.actor)
        clips.intend(pipeline.origin_of(order_for(voice), voice, permit, Disclosure.NONE, asker, {}), at=NOON)

        sweeps.sweep(at=NOON + sweeps.CLIP_GIVEN_UP_AFTER - timedelta(seconds=1))
        assert Clip.objects.get().state == "making"
        sweeps.sweep(at=NOON + sweeps.CLIP_GIVEN_UP_AFTER)

        assert (Clip.objects.get().state, Clip.objects.get().code) == ("aborted", "interrupted")
        assert Reservation.objects.get().state == "released"

    def test_an_expired_voice_is_noted(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        Voice.objects.update(provider_expires_at=NOON)

        sweeps.sweep(at=NOON)

        voice.refresh_from_db()
        assert voice.state == "expired"


class TestRemoval:
    def test_leaves_nothing_of_the_voice(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        profile = voice.profile_blob_id
        removal.begin(voice.id, code="requested")

        assert removal.carry_out(voice.id, actor="key:acme", real=noon, providers=only(Reader()))

        voice.refresh_from_db()
        assert (voice.state, voice.sealed_label, voice.profile_blob_id, voice.deleted_at) == ("deleted", None, "", NOON)
        with pytest.raises(NotFound):
            blobs.get(profile)

    def test_is_tried_again_when_the_provider_is_down(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        removal.begin(voice.id, code="requested")

        def down() -> None:
            raise ProviderDown("The provider does not answer.")

        with pytest.raises(ProviderDown):
            removal.carry_out(voice.id, actor="key:acme", real=noon, providers=only(Reader(down)))
        assert sweeps.sweep(at=NOON).voices == ()
        assert sweeps.sweep(at=NOON + removal.LEASE).voices == (voice.id,)

    def test_happens_once(self, make_voice: MakeVoice) -> None:
        voice, reader = make_voice(), Reader()
        assert removal.begin(voice.id, code="requested")
        assert not removal.begin(voice.id, code="requested")

        removal.carry_out(voice.id, actor="key:acme", real=noon, providers=only(reader))
        removal.carry_out(voice.id, actor="key:acme", real=noon, providers=only(reader))

        assert len(reader.deleted) == 1
        events = proofs.history(voice.organisation_id, voice.id)
        assert [event.kind for event in events] == ["voice.deleted"]

    def test_no_state_leads_back_from_deletion(self) -> None:
        assert MOVES[VoiceState.REVOKING] == {VoiceState.DELETED}
        assert MOVES[VoiceState.DELETED] == frozenset()


class TestTestClock:
    def test_test_data_is_swept_by_its_own_clock(self, make_voice: MakeVoice, acme: Organisation) -> None:
        clip = issue(make_voice())
        Organisation.objects.filter(id=acme.id).update(test_clock_ms=86_400_000)
        consent = Consent.objects.get(id=clip.consent_id)
        revoke(consent.id, acme.id, at=NOON + timedelta(days=1))

        sweeps.sweep(at=NOON)

        clip.refresh_from_db()
        assert clip.ended_at == NOON + timedelta(days=1)

"""Erasure: afterwards nothing of the person can be read, the proofs hold, and the certificate says
what happened.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from joserfc import jws
from joserfc.jwk import OKPKey

from consent import gate, speakers
from consent.models import Consent, Speaker
from core import canonical_json, clock, leases
from core.errors import NotFound, Unavailable
from core.leases import LeaseLost
from erasure import erasure_requests, execution, tasks, tombstones
from erasure.models import Erasure, ErasureState, ErasureTarget
from provenance import verification
from provenance.models import Clip, ClipState
from tests.conftest import NOON
from tests.voices.conftest import MakeVoice, Reader, noon, only, order_for, principal_of
from transparency_log import fsck, proofs, sequencer
from transparency_log.models import Body
from upstream.upstream_errors import ProviderUnavailable
from vault import signing_keys, subject_keys
from vault.models import Blob
from voices import voice_deletion
from voices.models import Voice, VoiceState
from voices.providers.base import ProviderVoice
from voices.speech import pipeline

pytestmark = pytest.mark.django_db


def ask_for(voice: Voice) -> Erasure:
    return erasure_requests.request_erasure(
        voice.speaker_id,
        organisation=voice.organisation,
        livemode=voice.livemode,
        reason="requested",
        actor="member:test",
        at=NOON,
        wall_time=NOON,
    )


def spoken(voice: Voice) -> bytes:
    made = pipeline.synthesize_clip(
        order_for(voice), voice, principal=principal_of(voice), now=noon, providers=only(Reader())
    )
    return made.data


def targets(erasure: Erasure) -> dict[str, str]:
    return dict(ErasureTarget.objects.filter(erasure=erasure).values_list("asset", "state"))


class TestRequest:
    def test_stops_the_voice_at_once(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        ask_for(voice)

        with pytest.raises(gate.ConsentDenied):
            spoken(voice)
        assert Speaker.objects.get(id=voice.speaker_id).state == Speaker.State.FROZEN

    def test_asked_twice_is_one_erasure(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        assert ask_for(voice).id == ask_for(voice).id

    def test_gives_the_month_that_the_law_gives(self, make_voice: MakeVoice) -> None:
        erasure = ask_for(make_voice())

        assert erasure.answer_by == NOON.replace(month=12)

    def test_of_a_neighbours_speaker_is_not_found(self, make_voice: MakeVoice, bolt: Any) -> None:
        with pytest.raises(NotFound):
            erasure_requests.request_erasure(
                make_voice().speaker_id,
                organisation=bolt,
                livemode=False,
                reason="requested",
                actor="member:test",
                at=NOON,
                wall_time=NOON,
            )

    def test_keeps_no_free_words(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        erasure = erasure_requests.request_erasure(
            voice.speaker_id,
            organisation=voice.organisation,
            livemode=False,
            reason="Mara moved to 12 Harbour Street",
            actor="member:test",
            at=NOON,
            wall_time=NOON,
        )

        assert erasure.reason == "other"


class TestCarryOn:
    def test_leaves_nothing_that_can_be_read(
        self, make_voice: MakeVoice, data_folder: Path
    ) -> None:
        voice = make_voice()
        data = spoken(voice)
        erasure = ask_for(voice)

        done = execution.continue_erasure(erasure.id, now=noon)

        assert done.state == ErasureState.COMPLETED
        assert not subject_keys.is_alive(voice.subject)
        assert speakers.open_personal(Speaker.objects.get(id=voice.speaker_id)) is None
        assert not Blob.objects.filter(subject_id=voice.subject).exists()
        assert not Body.objects.filter(subject=voice.subject).exists()
        assert Voice.objects.get(id=voice.id).state == VoiceState.DELETED
        assert set(targets(erasure).values()) == {"confirmed", "kept"}
        assert verification.verify(data).clip is None

    @pytest.mark.django_db(transaction=True)
    def test_deletes_the_encrypted_files_from_the_disk(
        self, make_voice: MakeVoice, data_folder: Path
    ) -> None:
        voice = make_voice()
        spoken(voice)
        before = [file for file in (data_folder / "blobs").rglob("*") if file.is_file()]

        execution.continue_erasure(ask_for(voice).id, now=noon)

        left = [file for file in (data_folder / "blobs").rglob("*") if file.is_file()]
        assert before
        assert left == []

    def test_leaves_the_proofs_of_the_log_standing(self, make_voice: MakeVoice) -> None:
        """Of what has its place in the log by then, and of what still waits for one."""
        voice = make_voice()
        spoken(voice)
        sequencer.settle_log(voice.organisation_id, at=NOON)
        spoken(voice)
        events = list(
            Clip.objects.filter(voice_id=voice.id)
            .order_by("issued_at")
            .values_list("event_id", flat=True)
        )
        before = [proofs.get_event_index(event) is None for event in events]

        execution.continue_erasure(ask_for(voice).id, now=noon)
        sequencer.settle_log(voice.organisation_id, at=NOON)

        assert sorted(before) == [False, True]
        for event in events:
            assert proofs.build_tlog_proof(event, at=NOON).startswith("c2sp.org/tlog-proof@v1")
        assert fsck.verify_log(voice.organisation_id).good

    def test_says_of_an_erased_clip_only_that_it_was_issued_here(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        data = spoken(voice)

        execution.continue_erasure(ask_for(voice).id, now=noon)

        verdict = verification.verify(data)
        assert (verdict.outcome, verdict.clip) == ("issued_withdrawn", None)
        assert Clip.objects.get().state == ClipState.ERASED

    def test_certificate_verifies_and_names_every_target(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        erasure = execution.continue_erasure(ask_for(voice).id, now=noon)

        signer = signing_keys.get_signer(
            "certificates", organisation_id=voice.organisation_id, at=NOON
        )
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(signer.public_key)})
        opened = jws.deserialize_compact(erasure.certificate_jws, key, algorithms=["Ed25519"])

        assert opened.payload == bytes(erasure.certificate or b"")
        certificate: Any = canonical_json.load(opened.payload)
        assert {row["asset"] for row in certificate["targets"]} == set(targets(erasure))
        assert certificate["key"]["rows"] == 1

    def test_done_twice_is_refused_the_second_time(self, make_voice: MakeVoice) -> None:
        erasure = execution.continue_erasure(ask_for(make_voice()).id, now=noon)

        with pytest.raises(LeaseLost):
            execution.continue_erasure(erasure.id, now=noon)

    def test_waits_for_a_provider_that_is_away_and_keeps_its_handle(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = make_voice()
        erasure = ask_for(voice)
        away = Reader(meanwhile=_be_away)
        monkeypatch.setattr(
            voice_deletion.run_deletion, "__kwdefaults__", {"providers": only(away)}
        )

        with pytest.raises(Unavailable):
            execution.continue_erasure(erasure.id, now=noon)

        erasure.refresh_from_db()
        assert erasure.state == ErasureState.RUNNING
        assert subject_keys.is_alive(voice.subject)
        assert execution.list_due_erasures(at=NOON) == []
        assert execution.list_due_erasures(at=NOON + timedelta(hours=1)) == [erasure.id]

    def test_writes_the_tombstone_before_it_is_complete(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        erasure = ask_for(make_voice())
        monkeypatch.setattr(subject_keys, "destroy_key", _fall_over)

        with pytest.raises(ZeroDivisionError):
            execution.continue_erasure(erasure.id, now=noon)

        assert [stone.erasure for stone in tombstones.read_tombstones().stones] == [erasure.id]
        erasure.refresh_from_db()
        assert erasure.state == ErasureState.RUNNING

    def test_a_killed_one_is_taken_up_when_its_lease_is_over(self, make_voice: MakeVoice) -> None:
        erasure = ask_for(make_voice())
        execution._claim_erasure(erasure.id, at=NOON)

        assert execution.list_due_erasures(at=NOON) == []
        done = execution.continue_erasure(erasure.id, now=lambda: NOON + leases.LEASE)

        assert done.state == ErasureState.COMPLETED

    def test_whatever_goes_wrong_it_is_given_back(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        erasure = ask_for(make_voice())
        with monkeypatch.context() as broken:
            broken.setattr(subject_keys, "destroy_key", _fall_over)
            tasks.carry_erasure(erasure_id=erasure.id)

        erasure.refresh_from_db()
        assert (erasure.state, erasure.lease_until) == (ErasureState.RUNNING, None)
        assert erasure.due_at is not None
        assert erasure.due_at <= clock.now() + timedelta(seconds=15)


class TestDatabase:
    def test_refuses_a_completed_erasure_without_certificate(self, make_voice: MakeVoice) -> None:
        erasure = ask_for(make_voice())

        with (
            pytest.raises(IntegrityError, match="erasure_completed_has_a_certificate"),
            transaction.atomic(),
        ):
            Erasure.objects.filter(id=erasure.id).update(state="completed", completed_at=NOON)

    def test_refuses_to_keep_something_without_a_ground(self, make_voice: MakeVoice) -> None:
        erasure = ask_for(make_voice())

        with (
            pytest.raises(IntegrityError, match="erasure_target_kept_names_its_ground"),
            transaction.atomic(),
        ):
            ErasureTarget.objects.filter(erasure=erasure, position=0).update(
                state="kept", settled_at=NOON
            )

    def test_holds_no_name_after_an_erasure(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        execution.continue_erasure(ask_for(voice).id, now=noon)

        for table in connection.introspection.table_names():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                assert "Lindqvist" not in str(
                    [tuple(map(_plain, row)) for row in cursor.fetchall()]
                ), table
        assert Consent.objects.get(id=voice.consent_id).state == "erased"


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _be_away() -> None:
    raise ProviderUnavailable("The provider does not answer.")


def _fall_over(*_args: object, **_more: object) -> ProviderVoice:
    raise ZeroDivisionError


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""The sixteen invariants of consent, each by its number; each fails when it is broken."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Organisation
from consent import gate, quota, services, speaker_erasure
from consent.errors import WrongState
from consent.models import Consent, Decision, Evidence, Grant, GrantUsage, NoticeVersion, Speaker
from consent.policy import evaluate
from consent.signing import ceremony
from core import canonical_json
from core.errors import NotFound
from tests.conftest import NOON
from tests.support.consent_factories import (  # fmt: skip
    MakeConsent,
    MakeRequest,
    MakeSpeaker,
    check,
    codes,
    confirm,
    deliver,
    grant,
    of,
    revoke,
    token_of,
)
from tests.support.permit_endings import ACTS, whole_database
from transparency_log import proofs
from vault import blobs, subject_keys

pytestmark = pytest.mark.django_db


class TestInvariant1:
    def test_a_permit_rests_on_one_grant_of_an_active_consent_in_its_term(
        self, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(
            grant(languages=["en"]), grant(use_case="research", languages=["ja"])
        )
        assert check(consent).grant_id == consent.grants.get(position=0).id
        assert codes(consent, language="ja") == [
            "language_not_covered"
        ]  # the other grant's language

    @pytest.mark.parametrize(
        ("late", "reason"),
        [
            (timedelta(days=365), "consent_expired"),
            (-timedelta(seconds=1), "consent_not_yet_valid"),
        ],
    )
    def test_a_permit_never_stands_outside_the_term(
        self, consent: Consent, late: timedelta, reason: str
    ) -> None:
        assert codes(consent, at=NOON + late) == [reason]

    def test_a_permit_needs_the_level_of_its_use(self, make_consent: MakeConsent) -> None:
        weak = make_consent(grant(use_case="advertising"))
        strong = make_consent(grant(use_case="advertising"), assurance="L2")
        assert codes(weak, use_case="advertising.promo") == ["assurance_too_low"]
        assert codes(strong, use_case="advertising.promo") == []


class TestInvariant2:
    def test_exclusions_beat_every_grant_of_the_same_person(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        assert codes(consent) == []
        other = make_consent(grant(use_case="research", exclusions=["entertainment"]))
        assert codes(consent) == ["content_excluded"]
        revoke(other)
        assert codes(consent) == []

    def test_exclusions_of_another_person_do_not_count(
        self, consent: Consent, make_speaker: MakeSpeaker, make_consent: MakeConsent
    ) -> None:
        make_consent(grant(exclusions=["entertainment"]), speaker=make_speaker(name="Ben"))
        assert codes(consent) == []


class TestInvariant3:
    def test_nothing_brings_a_withdrawn_consent_back(self, consent: Consent) -> None:
        revoke(consent)
        with pytest.raises(WrongState):
            services.resume_consent(consent.id, **of(consent))
        with pytest.raises(WrongState):
            services.suspend_consent(consent.id, reason="", **of(consent))

    def test_renewing_makes_a_new_record(self, consent: Consent) -> None:
        revoke(consent)
        renewed = services.renew_consent(consent.id, **of(consent)).consent
        assert (renewed.id != consent.id, renewed.supersedes_id, renewed.record_sha256) == (
            True,
            consent.id,
            "",
        )


class TestInvariant4:
    @pytest.mark.parametrize(
        "change",
        [
            {"record": b"{}"},
            {"record_sha256": "0" * 64},
            {"record_jws": "a.b.c"},
            {"signed_at": NOON + timedelta(1)},
            {"assurance": "L3"},
            {"valid_until": NOON + timedelta(days=9999)},
        ],
    )
    def test_the_database_refuses_to_change_signed_bytes(
        self, consent: Consent, change: dict[str, Any]
    ) -> None:
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(**change)

    def test_the_database_refuses_to_change_a_signed_scope(self, consent: Consent) -> None:
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            Grant.objects.filter(consent=consent).update(signed={"use_case": "political"})

    def test_the_database_refuses_to_change_a_notice(self, consent: Consent) -> None:
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            NoticeVersion.objects.update(body={"title": "something else"})

    def test_narrowing_leaves_the_signed_bytes(self, consent: Consent) -> None:
        narrowed = services.narrow_consent(
            consent.id,
            grants=[{"use_case": "entertainment.audiobook", "languages": ["en"]}],
            **of(consent),
        )
        assert bytes(narrowed.record or b"") == bytes(consent.record or b"")
        assert narrowed.grants.get().signed["languages"] == ["en", "de-DE"]


class TestInvariant5:
    def test_events_have_no_gap_and_no_change(self, consent: Consent) -> None:
        revoke(consent)
        kinds = [event.kind for event in proofs.list_history(consent.organisation_id, consent.id)]
        assert kinds == [
            "consent.requested",
            "consent.captured",
            "consent.activated",
            "consent.revoked",
        ]
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE transparency_log_entry SET payload = payload")


class TestInvariant6:
    def test_the_time_of_an_event_is_the_servers(self, consent: Consent) -> None:
        assert {event.at for event in proofs.list_history(consent.organisation_id, consent.id)} == {
            NOON
        }


class TestInvariant7:
    def test_the_record_holds_the_hash_of_evidence_whose_bytes_can_go(
        self, consent: Consent
    ) -> None:
        evidence = Evidence.objects.get(consent=consent)
        assert hashlib.sha256(blobs.get_blob(evidence.blob)).hexdigest() == evidence.sha256
        record = json.loads(bytes(consent.record or b""))
        assert [one["sha256"] for one in record["evidence"]] == [evidence.sha256]
        with transaction.atomic():
            subject_keys.destroy_key(consent.speaker.subject, at=NOON)
        with pytest.raises(NotFound):
            blobs.get_blob(evidence.blob)
        assert canonical_json.sha256_hex(bytes(consent.record or b"")) == consent.record_sha256


class TestInvariant8:
    def test_a_clone_binds_its_recordings_to_the_consent(self, consent: Consent) -> None:
        permit = check(consent, action="clone", sample_sha256s=("a" * 64,))
        deliver(permit, characters=0)
        assert list(consent.samples.values_list("sha256", flat=True)) == ["a" * 64]

    def test_a_recording_of_one_person_clones_no_one_else(
        self, consent: Consent, make_speaker: MakeSpeaker, make_consent: MakeConsent
    ) -> None:
        services.register_samples(consent.id, ["a" * 64], **of(consent))
        other = make_consent(speaker=make_speaker(name="Ben"))
        assert codes(other, action="clone", sample_sha256s=("a" * 64,)) == ["sample_not_covered"]


class TestInvariant9:
    def test_inline_reference_audio_must_be_bound(self, consent: Consent) -> None:
        assert codes(consent, sample_sha256s=("b" * 64,)) == ["sample_not_covered"]
        services.register_samples(consent.id, ["b" * 64], **of(consent))
        assert codes(consent, sample_sha256s=("b" * 64,)) == []


class TestInvariant10:
    def test_nothing_is_delivered_without_a_second_look_at_the_same_epoch(
        self, consent: Consent
    ) -> None:
        permit = check(consent)
        services.suspend_consent(consent.id, reason="", **of(consent))
        services.resume_consent(consent.id, **of(consent))
        with pytest.raises(gate.ConsentDenied):  # active again, but not as it was
            confirm(permit)

    def test_nothing_is_delivered_unless_active_even_at_the_same_epoch(
        self, consent: Consent
    ) -> None:
        permit = check(consent)
        with connection.cursor() as cursor:  # the database has a trigger against this
            on = "" if connection.vendor == "sqlite" else " ON consent_consent"
            cursor.execute(f"DROP TRIGGER consent_moves_up{on}")
        Consent.objects.filter(pk=consent.pk).update(state="suspended")
        with pytest.raises(gate.ConsentDenied) as caught:
            confirm(permit)
        assert [reason.code for reason in caught.value.reasons] == ["consent_suspended"]

    def test_nothing_is_spent_twice(self, consent: Consent) -> None:
        permit = check(consent)
        deliver(permit)
        with pytest.raises(gate.ConsentDenied):
            deliver(permit)


class TestInvariant11:
    @pytest.mark.parametrize(
        "act",
        [
            "revoke",
            "suspend",
            "narrow",
            "expire",
            "hold",
            "invalidate",
            "supersede",
            "freeze",
            "exclude",
        ],
    )
    def test_whatever_could_end_a_permit_raises_the_epoch(self, consent: Consent, act: str) -> None:
        permit = check(consent)
        ACTS[act](consent)
        consent.refresh_from_db()
        assert consent.revocation_epoch > permit.epoch
        with pytest.raises(gate.ConsentDenied):
            confirm(permit)

    def test_the_epoch_and_the_state_change_together_or_not_at_all(self, consent: Consent) -> None:
        with (
            mock.patch("transparency_log.events.append_event", side_effect=RuntimeError),
            pytest.raises(RuntimeError),
        ):
            revoke(consent)
        consent.refresh_from_db()
        assert (consent.state, consent.revocation_epoch) == ("active", 0)


class TestInvariant12:
    def test_quota_is_never_exceeded(self, consent: Consent) -> None:
        check(consent, characters=600)
        assert codes(consent, characters=401) == ["quota_exceeded"]
        assert codes(consent, characters=400) == []

    def test_a_stale_remainder_is_found_out_by_the_update(self, consent: Consent) -> None:
        grant_row = consent.grants.get()
        with transaction.atomic():  # as two callers do who both read that 1000 are left
            assert quota.reserve_quota(grant_row, None, characters=600, clips=1, at=NOON)
            assert quota.reserve_quota(grant_row, None, characters=401, clips=1, at=NOON) is None

    def test_a_failed_job_gives_back_exactly_once(self, consent: Consent) -> None:
        permit = check(consent, characters=1000)
        assert (gate.release(permit, at=NOON), gate.release(permit, at=NOON)) == (True, False)
        assert GrantUsage.objects.get().held_characters == 0
        assert codes(consent, characters=1000) == []


class TestInvariant13:
    def test_withdrawing_is_one_step_and_can_be_repeated(self, consent: Consent) -> None:
        who = f"speaker:{consent.speaker_id}"
        first, again = (
            revoke(consent, actor=who),
            revoke(consent, actor=who, at=NOON + timedelta(days=1)),
        )
        assert (first.state, again.state, again.revoked_at) == ("withdrawn", "withdrawn", NOON)
        kinds = [event.kind for event in proofs.list_history(consent.organisation_id, consent.id)]
        assert kinds.count("consent.revoked") == 1


class TestInvariant14:
    def test_no_name_address_or_token_stands_in_the_open(self, make_request: MakeRequest) -> None:
        made = make_request()
        view = ceremony.get_signing_view(token_of(made), at=NOON)
        consent = services.sign_consent(
            token_of(made), name_typed=view.speaker_name, ticked=(view.grants[0].id,), at=NOON
        )
        codes(consent, language="Ana María", use_case="ana@example.org")
        revoke(consent, reason="Ana María was never asked")
        everything = whole_database()
        for secret in ("María", "Mar\\u00eda", "ana@example.org", token_of(made), "never asked"):
            assert secret not in everything


class TestInvariant15:
    def test_erasing_leaves_ids_and_hashes_alone(self, consent: Consent) -> None:
        speaker_erasure.freeze_speaker(
            consent.speaker_id, reason="erasure", actor="key:test", at=NOON
        )
        with transaction.atomic():
            speaker_erasure.erase_speaker(consent.speaker_id, at=NOON)
        speaker = Speaker.objects.get()
        consent.refresh_from_db()
        assert (speaker.state, speaker.sealed, speaker.email_index) == ("erased", None, "")
        assert (consent.state, consent.sealed, consent.link_sha256, consent.sealed_notes) == (
            "erased",
            None,
            "",
            None,
        )
        assert canonical_json.sha256_hex(bytes(consent.record or b"")) == consent.record_sha256


class TestInvariant16:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"use_case": "karaoke"}, "use_case_unknown"),
            ({"language": "klingonese"}, "language_unknown"),
            ({"consent_id": None}, "no_consent"),
            ({"consent_id": "con_of_a_stranger"}, "no_consent"),
        ],
    )
    def test_whatever_is_unknown_is_refused(
        self, consent: Consent, change: dict[str, Any], reason: str
    ) -> None:
        assert codes(consent, **change) == [reason]

    def test_an_error_inside_is_a_refusal(self, consent: Consent) -> None:
        with mock.patch.object(evaluate, "evaluate_request", side_effect=ZeroDivisionError):
            assert codes(consent) == ["internal_doubt"]
        assert Decision.objects.get().reasons[0]["code"] == "internal_doubt"

    def test_an_unreadable_policy_is_a_refusal(self, consent: Consent, acme: Organisation) -> None:
        acme.policy = {"minimum_assurance": {"agent": "very high"}}
        acme.save()
        assert codes(consent) == ["internal_doubt"]

"""Erasing a person: everything stops first, then everything personal goes; doing it again does no
harm.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from consent import consent_receipts, speaker_erasure, speakers
from consent.errors import SpeakerErased
from consent.lifecycle import sealed_fields, signing_links
from consent.models import Consent, SealedReason, Speaker
from consent.signing import ceremony, open_requests
from core.errors import NotFound
from tests.conftest import NOON
from tests.support.consent_factories import (
    KEY,
    MakeConsent,
    MakeRequest,
    codes,
    grant,
    revoke,
    token_of,
)
from transparency_log import proofs
from vault import subject_keys

pytestmark = pytest.mark.django_db


def freeze(speaker: Speaker, reason: str = "requested") -> Speaker:
    return speaker_erasure.freeze_speaker(speaker.id, reason=reason, actor=KEY, at=NOON)


def erase(speaker: Speaker) -> dict[str, int]:
    """As the room above does it: rows and key in one transaction."""
    freeze(speaker)
    with transaction.atomic():
        counts = speaker_erasure.erase_speaker(speaker.id, at=NOON)
        subject_keys.destroy_key(speaker.subject, at=NOON)
    return counts


class TestFreeze:
    def test_revokes_what_stands_and_calls_back_what_waits(
        self, consent: Consent, make_request: MakeRequest, ana: Speaker
    ) -> None:
        waiting = make_request()
        freeze(ana)
        consent.refresh_from_db()
        waiting.consent.refresh_from_db()
        assert (consent.state, waiting.consent.state) == ("withdrawn", "lapsed")
        assert codes(consent) == ["hold", "consent_revoked"]

    def test_refuses_anything_new(self, ana: Speaker, make_request: MakeRequest) -> None:
        freeze(ana)
        with pytest.raises(SpeakerErased):
            make_request()

    def test_twice_is_once(self, consent: Consent, ana: Speaker) -> None:
        assert freeze(ana).state == freeze(ana).state == "frozen"
        kinds = [event.kind for event in proofs.list_history(ana.organisation_id, consent.id)]
        assert kinds.count("consent.revoked") == 1

    def test_after_a_restored_backup_works_without_the_key(
        self, consent: Consent, ana: Speaker
    ) -> None:
        with transaction.atomic():
            subject_keys.destroy_key(ana.subject, at=NOON)
        assert freeze(ana, "restored").state == "frozen"
        with transaction.atomic():
            assert speaker_erasure.erase_speaker(ana.id, at=NOON)["speakers"] == 1


class TestPurge:
    def test_counts_what_it_changed(
        self, consent: Consent, ana: Speaker, make_consent: MakeConsent
    ) -> None:
        revoke(make_consent(grant(use_case="research")), reason="Ben was rude")
        assert erase(ana) == {
            "consents": 2, "corrections": 0, "decisions": 0, "deliveries": 2, "evidence": 2,
            "grants": 2, "remarks": 2, "representatives": 0, "sample_fingerprints": 0,
            "speakers": 1, "statements": 0,
        }  # fmt: skip
        assert set(Consent.objects.values_list("state", flat=True)) == {"erased"}
        assert not SealedReason.objects.exclude(sealed=None).exists()

    def test_comes_after_freezing_only(self, ana: Speaker) -> None:
        with pytest.raises(RuntimeError, match="freeze"), transaction.atomic():
            speaker_erasure.erase_speaker(ana.id, at=NOON)

    def test_twice_is_once(self, consent: Consent, ana: Speaker) -> None:
        erase(ana)
        with transaction.atomic():
            assert speaker_erasure.erase_speaker(ana.id, at=NOON)["speakers"] == 0

    def test_of_no_one_finds_nothing(self) -> None:
        with pytest.raises(NotFound):
            speaker_erasure.freeze_speaker("spk_nobody", reason="", actor=KEY, at=NOON)


class TestAfterwards:
    def test_nothing_personal_is_shown(
        self, make_request: MakeRequest, consent: Consent, ana: Speaker
    ) -> None:
        made = make_request(representation={"kind": "counsel", "name": "Dr Ruiz"})
        erase(ana)
        ana.refresh_from_db()
        made.consent.refresh_from_db()
        assert speakers.open_personal(ana) is None
        assert sealed_fields.read_representation(made.consent) == {"kind": "counsel"}
        assert signing_links.get_signing_url(made.consent, at=NOON) is None
        with pytest.raises(open_requests.LinkNotFound):
            ceremony.get_signing_view(token_of(made), at=NOON)

    def test_the_record_still_proves_what_was_agreed(self, consent: Consent, ana: Speaker) -> None:
        erase(ana)
        consent.refresh_from_db()
        assert consent_receipts.receipt_to_json(consent)["record_sha256"] == consent.record_sha256
        assert consent_receipts.receipt_to_pdf(
            Consent.objects.select_related("speaker").get(pk=consent.pk)
        )

    def test_the_gate_refuses_and_still_logs(self, consent: Consent, ana: Speaker) -> None:
        erase(ana)
        assert codes(consent) == ["hold", "consent_revoked"]

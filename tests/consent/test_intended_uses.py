"""Intended uses: shown to anyone who may read them, signed by a salted hash, and in no row in
clear.
"""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from django.db import transaction

from consent import consent_receipts, intended_uses, services, speaker_erasure
from consent.api.serializers.consent_serializers import ConsentSerializer
from consent.intended_uses import IntendedUseWords
from consent.models import Consent, Evidence, Grant
from consent.signing import ceremony
from core import canonical_json
from tests.conftest import NOON
from tests.support.consent_factories import KEY, MakeConsent, MakeRequest, grant, token_of
from tests.support.permit_endings import whole_database
from vault import blobs, subject_keys

pytestmark = [pytest.mark.django_db, pytest.mark.once]
WRITTEN = "Audiobooks read by Hildegard Zwölfender, in two languages."
NARROWER = "Only the first audiobook read by Hildegard Zwölfender."


def words_of(consent: Consent) -> tuple[IntendedUseWords, ...]:
    return intended_uses.open_intended_use_words(consent.grants.get(), consent.speaker.subject)


def erased(consent: Consent) -> Consent:
    speaker_erasure.freeze_speaker(consent.speaker_id, reason="erasure", actor=KEY, at=NOON)
    with transaction.atomic():
        speaker_erasure.erase_speaker(consent.speaker_id, at=NOON)
        subject_keys.destroy_key(consent.speaker.subject, at=NOON)
    consent.refresh_from_db()
    return consent


def narrowed(consent: Consent, **changes: object) -> Consent:
    return services.narrow_consent(
        consent.id,
        organisation_id=consent.organisation_id,
        livemode=consent.livemode,
        grants=[{"id": consent.grants.get().id, **changes}],
        actor=KEY,
        at=NOON,
    )


def receipt_words(consent: Consent) -> dict[str, Any]:
    """What the receipt says of the only grant."""
    said: list[dict[str, Any]] = cast(
        "Any", consent_receipts.receipt_to_json(consent)["scope_in_words"]
    )
    return said[0]


class TestHash:
    def test_is_another_one_for_every_salt(self) -> None:
        assert intended_uses.salt_words(WRITTEN).sha256 != intended_uses.salt_words(WRITTEN).sha256

    def test_stands_in_scope_record_and_log_in_the_place_of_the_words(
        self, make_consent: MakeConsent
    ) -> None:
        consent = make_consent(grant(intended_uses=WRITTEN))
        made, (words,) = consent.grants.get(), words_of(consent)
        (processed,) = json.loads(bytes(consent.record or b""))["processing"]

        assert words.text == WRITTEN
        assert (
            made.signed["intended_uses_sha256"]
            == made.scope["intended_uses_sha256"]
            == words.sha256
        )
        assert (processed["purpose_description_sha256"], processed["scope"]) == (
            words.sha256,
            made.signed,
        )
        assert processed["purpose_codes"] == [made.use_case, *made.signed["actions"]]
        assert "intended_uses" not in made.signed

    def test_no_row_holds_the_words(self, make_consent: MakeConsent) -> None:
        make_consent(grant(intended_uses=WRITTEN))
        everything = whole_database()
        for word in ("Hildegard", "Zwölf", "Zw\\u00f6lf", "Audiobooks read"):
            assert word not in everything


class TestShowing:
    def test_page_evidence_answers_and_receipt_have_the_words(
        self, make_request: MakeRequest
    ) -> None:
        made = make_request(grant(intended_uses=WRITTEN))
        view = ceremony.get_signing_view(token_of(made), at=NOON)
        assert view.grants[0].intended_uses == WRITTEN

        consent = services.sign_consent(
            token_of(made), name_typed=view.speaker_name, ticked=(view.grants[0].id,), at=NOON
        )

        evidence = json.loads(blobs.get_blob(Evidence.objects.get(kind="page").blob))
        assert evidence["grants"][0]["intended_uses"] == WRITTEN
        assert (
            ConsentSerializer(consent, context={"at": NOON}).data["grants"][0]["intended_uses"]
            == WRITTEN
        )
        said = receipt_words(consent)
        proven = IntendedUseWords(
            text=said["intended_uses"], salt=bytes.fromhex(said["intended_uses_salt"])
        )
        assert proven.sha256 == consent.grants.get().signed["intended_uses_sha256"]

    def test_after_an_erasure_nothing_is_left_to_compare_a_guess_with(
        self, make_consent: MakeConsent
    ) -> None:
        consent = erased(make_consent(grant(intended_uses=WRITTEN)))

        assert (words_of(consent), consent.grants.get().sealed_words) == ((), None)
        (shown,) = ConsentSerializer(consent, context={"at": NOON}).data["grants"]
        assert (shown["intended_uses"], len(shown["intended_uses_sha256"])) == (None, 64)
        assert receipt_words(consent)["intended_uses"] is None
        assert consent_receipts.receipt_to_pdf(consent).startswith(b"%PDF")
        assert canonical_json.sha256_hex(bytes(consent.record or b"")) == consent.record_sha256


class TestNarrowing:
    def test_without_new_words_keeps_the_hash(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(intended_uses=WRITTEN, languages=["en", "de"]))
        before = consent.grants.get().scope["intended_uses_sha256"]

        after = narrowed(consent, intended_uses=WRITTEN, languages=["en"]).grants.get()

        assert (after.scope["intended_uses_sha256"], after.scope["languages"]) == (before, ["en"])

    def test_to_new_words_keeps_those_that_were_signed(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(intended_uses=WRITTEN))

        for text in ("Something else in between, to be replaced.", NARROWER):
            narrowed(consent, intended_uses=text)

        (shown,) = ConsentSerializer(Consent.objects.get(), context={"at": NOON}).data["grants"]
        assert (shown["intended_uses"], shown["signed"]["intended_uses"]) == (NARROWER, WRITTEN)
        assert [words.text for words in words_of(consent)] == [WRITTEN, NARROWER]
        assert "Hildegard" not in whole_database()

    def test_to_the_same_again_changes_nothing(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(intended_uses=WRITTEN))
        before = narrowed(consent, intended_uses=NARROWER).revocation_epoch
        assert narrowed(consent, intended_uses=NARROWER).revocation_epoch == before


class TestRenewing:
    def test_the_same_words_keep_their_hash(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(intended_uses=WRITTEN))

        renewed = services.renew_consent(
            consent.id,
            organisation_id=consent.organisation_id,
            livemode=consent.livemode,
            actor=KEY,
            at=NOON,
        ).consent

        (words,) = words_of(renewed)
        assert (
            words.text,
            Grant.objects.filter(scope__intended_uses_sha256=words.sha256).count(),
        ) == (WRITTEN, 2)

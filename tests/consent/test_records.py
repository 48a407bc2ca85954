"""Records, notices and receipts: what is signed, what it verifies with, what the person is
given.
"""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from consent import consent_receipts
from consent.documents import consent_record, notices, plain_language
from consent.errors import NotSigned
from consent.models import Consent, NoticeVersion
from consent.policy import actions, channels, use_cases
from core import canonical_json
from core.errors import Invalid
from tests.conftest import NOON
from tests.support.consent_factories import MakeConsent, MakeRequest, grant

pytestmark = pytest.mark.once

# Mandatory in ISO/IEC TS 27560, or made so by the GDPR, as the DPV guide to consent records lists
# them.
PROCESSING = {
    "privacy_notice", "language", "purpose", "purpose_codes", "purpose_description_sha256",
    "lawful_basis", "pii_information", "jurisdiction", "collection_method", "processing_method",
    "storage_locations", "retention_period", "geographic_restriction", "recipients",
    "withdrawal_method", "rights",
}  # fmt: skip


@pytest.mark.django_db
class TestARecord:
    def record(self, consent: Consent) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(bytes(consent.record or b""))
        return value

    def test_is_canonical_json_and_hashed_as_it_stands(self, consent: Consent) -> None:
        data = bytes(consent.record or b"")
        assert canonical_json.dump(json.loads(data)) == data
        assert canonical_json.sha256_hex(data) == consent.record_sha256

    def test_has_every_mandatory_field(self, consent: Consent) -> None:
        record = self.record(consent)
        assert {"schema_version", "profile", "record_id", "pii_principal_id"} <= record[
            "header"
        ].keys()
        assert all(record["processing"][0].keys() >= PROCESSING for _ in record["processing"])
        assert all(
            {"party_id", "party_type", "name", "address", "contact"} <= one.keys()
            for one in record["parties"][:2]
        )
        assert {
            "event_time",
            "validity_duration",
            "entity_id",
            "event_type",
            "event_state",
        } <= record["events"][0].keys()

    def test_points_to_the_text_that_was_shown(self, consent: Consent) -> None:
        notice = self.record(consent)["notice"]
        assert (
            NoticeVersion.objects.get(sha256=notice["sha256"]).body
            == _newest("voice-cloning", "en").body
        )

    def test_verifies_with_a_library_that_is_not_ours(self, consent: Consent) -> None:
        key = consent_record.get_record_key(consent.organisation_id, consent.record_key)
        x = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
        jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
        read = jws.deserialize_compact(consent.record_jws, jwk, algorithms=["Ed25519"])
        assert read.payload == bytes(consent.record or b"")

    def test_holds_ids_and_no_names(self, consent: Consent) -> None:
        data = bytes(consent.record or b"").decode()
        assert consent.speaker_id in data
        assert "Ana" not in data

    def test_holds_what_was_ticked_and_nothing_else(self, make_consent: MakeConsent) -> None:
        record = self.record(make_consent(grant(), grant(use_case="research")))
        assert [one["scope"]["use_case"] for one in record["processing"]] == [
            "entertainment.audiobook",
            "research",
        ]


class TestTheShippedNotice:
    @pytest.mark.parametrize(
        "text",
        notices.load_notice_texts(),
        ids=lambda text: f"{text.key}.{text.version}.{text.locale}",
    )
    def test_has_every_field_of_article_13(self, text: notices.NoticeText) -> None:
        sections: Any = text.body["sections"]
        more = [notices.PUBLIC_LOG] if text.version > 1 else []
        assert sorted(part["field"] for part in sections) == sorted([*notices.ARTICLE_13, *more])
        assert all(len(part["text"]) > 60 and part["title"] for part in sections)

    # A changed text is a new version with a new line here; a released line never changes.
    @pytest.mark.parametrize(
        ("name", "sha256"),
        [
            (
                "voice-cloning-compared 1 de",
                "a528348b4271959886aaa6adc30810fb77c83ff4d1cfcc37ee28e2d897819bd4",
            ),
            (
                "voice-cloning-compared 1 en",
                "7bbade060b0a175f0e374c6431ae9e0e06983392a12aa2a4808d944528d8eb4e",
            ),
            (
                "voice-cloning-compared 2 de",
                "e5e4307ba372364692d5c0fa47bd5ca35ca19e753c402ebc4fac2b96b4b94492",
            ),
            (
                "voice-cloning-compared 2 en",
                "f0a48c99c21054fd8137823a41157773c2384265edec774d81ce936cc65ac090",
            ),
            (
                "voice-cloning 1 de",
                "705e49779740df9c039f9e47abbe0b322e29de48fe3f4a4f324099ae2c86e910",
            ),
            (
                "voice-cloning 1 en",
                "e8127f2d21e5fd4b26aab4a9d47a655616f2a3e5a7a265a1598260a05233a59e",
            ),
            (
                "voice-cloning 2 de",
                "70d1f6ad547b0bf2d4dfa6eebe2884dec3845b56b85f3950faec93c2e5e53789",
            ),
            (
                "voice-cloning 2 en",
                "1b7ea8f4399c669cb1a7d3f74479bb9acdd125cf0e6d3eb16f6e614d5b3b5dea",
            ),
            (
                "voice-cloning-compared 3 de",
                "4ba0d977e42913d89e307a543345d0144b60ddb24c5710dae1fdf4aad0d29d9f",
            ),
            (
                "voice-cloning-compared 3 en",
                "368e1ecfacd2b64f8116e6aa193c406156fc04de6ccbcfdb3eae39e0b2fbbbe1",
            ),
            (
                "voice-cloning 3 de",
                "77662c1c80102c0d7011f85c4b2320c9af99b6a5f44124760054664fa073fc10",
            ),
            (
                "voice-cloning 3 en",
                "56913d25544b074c348a8aaa036a8f4f61e748e50ee2d10ddd473f2f349aa242",
            ),
        ],
    )
    def test_is_the_one_that_was_released(self, name: str, sha256: str) -> None:
        hashes = {
            f"{text.key} {text.version} {text.locale}": text.sha256
            for text in notices.load_notice_texts()
        }
        assert hashes[name] == sha256

    @pytest.mark.parametrize("key", ["voice-cloning", "voice-cloning-compared"])
    @pytest.mark.parametrize(
        ("locale", "told"),
        [
            (
                "en",
                (
                    "anybody can read",
                    "no name",
                    "when it was",
                    "random ids",
                    "consents",
                    "decisions",
                    "audio files",
                    "who ended a consent",
                    "stay for good",
                ),
            ),
            (
                "de",
                (
                    "alle lesen können",
                    "keinen Namen",
                    "wann er war",
                    "zufällige Kennungen",
                    "Einwilligungen",
                    "Entscheidungen",
                    "Tonaufnahmen",
                    "wer eine Einwilligung beendet hat",
                    "bleiben für immer",
                ),
            ),
        ],
    )
    def test_says_what_strangers_learn_from_the_log(
        self, key: str, locale: str, told: tuple[str, ...]
    ) -> None:
        sections: Any = _newest(key, locale).body["sections"]
        (part,) = [part for part in sections if part["field"] == notices.PUBLIC_LOG]
        assert [words for words in told if words not in part["text"]] == []

    def test_comes_in_both_languages_in_every_version(self) -> None:
        texts = sorted(
            (text.key, text.version, text.locale) for text in notices.load_notice_texts()
        )
        assert [one[2] for one in texts] == ["de", "en"] * (len(texts) // 2)
        assert all(one[:2] == other[:2] for one, other in list(pairwise(texts))[::2])

    @pytest.mark.django_db
    def test_is_entered_once(self) -> None:
        assert (
            notices.sync_notices(at=NOON),
            notices.sync_notices(at=NOON),
            NoticeVersion.objects.count(),
        ) == (12, 12, 12)

    @pytest.mark.django_db
    def test_leaves_a_consent_with_the_version_that_was_shown(
        self, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        everything = notices.load_notice_texts()
        monkeypatch.setattr(
            notices,
            "load_notice_texts",
            lambda: tuple(text for text in everything if text.version == 1),
        )
        before = make_request().consent
        monkeypatch.undo()
        notices.sync_notices(at=NOON)

        kept = NoticeVersion.objects.get(id=before.notice_version_id)
        assert (kept.version, make_request().consent.notice_version.version) == (1, 3)
        assert kept.sha256 == next(
            text.sha256
            for text in everything
            if (text.key, text.version, text.locale) == ("voice-cloning", 1, "en")
        )

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("asked", "given"), [("en", "en"), ("en-GB", "en"), ("de_AT", "de"), ("DE", "de")]
    )
    def test_is_found_by_language(self, asked: str, given: str) -> None:
        assert notices.get_latest_notice("voice-cloning", asked, at=NOON).locale == given

    @pytest.mark.django_db
    def test_is_never_replaced_by_another_language(self) -> None:
        with pytest.raises(Invalid):
            notices.get_latest_notice("voice-cloning", "fr", at=NOON)


class TestWords:
    @pytest.mark.parametrize("locale", plain_language.LOCALES)
    def test_name_every_code(self, locale: str) -> None:
        table = plain_language.load_words(locale)
        assert table["use_cases"].keys() == use_cases.CODES
        assert table["channels"].keys() == channels.CHANNELS | {"*"}
        assert table["actions"].keys() == actions.ACTIONS
        assert table["labels"].keys() == use_cases.SENSITIVE_LABELS

    def test_have_the_same_entries_in_every_language(self) -> None:
        def shape(value: Any) -> Any:
            return (
                {key: shape(inner) for key, inner in value.items()}
                if isinstance(value, dict)
                else None
            )

        assert shape(plain_language.load_words("en")) == shape(plain_language.load_words("de"))

    def test_say_the_scope(self) -> None:
        scope = grant(
            languages=["en", "de-AT"],
            channels=["web"],
            territories=["EU"],
            quota={"clips": 5, "period": "P1M"},
        )
        assert plain_language.describe_scope(scope, "en")[:5] == (
            "They may make a model of your voice and make speech with your voice.",
            "Languages: English and German (Austria).",
            "Where it is heard: websites.",
            "Countries: the European Union.",
            "At most 5 audio clips a month.",
        )

    def test_warn_of_what_cannot_be_undone(self) -> None:
        assert (
            len(
                plain_language.describe_warnings(
                    grant(actions=["train", "sublicense"], languages=["*"]), "de"
                )
            )
            == 4
        )


@pytest.mark.django_db
class TestReceipts:
    def test_carry_the_record_and_the_scope_in_words(self, consent: Consent) -> None:
        receipt = consent_receipts.receipt_to_json(consent)
        assert (receipt["record_sha256"], receipt["jws"]) == (
            consent.record_sha256,
            consent.record_jws,
        )
        assert receipt["record"] == json.loads(bytes(consent.record or b""))

    @pytest.mark.parametrize("locale", ["en", "de"])
    def test_are_a_pdf_for_people(self, make_consent: MakeConsent, locale: str) -> None:
        data = consent_receipts.receipt_to_pdf(
            make_consent(
                grant(intended_uses="Narration of <b>the</b> novel & other wörks"), locale=locale
            )
        )
        assert (data[:5], data.rstrip()[-5:], len(data) < 100_000) == (b"%PDF-", b"%%EOF", True)

    def test_print_any_name(self, make_consent: MakeConsent, make_speaker: Any) -> None:
        data = consent_receipts.receipt_to_pdf(
            make_consent(speaker=make_speaker(name="山田太郎 Łukasz Ελένη מרים 𝔘 محمد"))
        )
        for font in (b"NotoSans", b"NotoSansHebrew", b"NotoSansArabic", b"NotoSansSC"):
            assert font in data
        assert data.count(b"/FontFile2") >= 5

    def test_are_not_given_before_signing(self, make_request: MakeRequest) -> None:
        made = make_request().consent
        for give in (consent_receipts.receipt_to_json, consent_receipts.receipt_to_pdf):
            with pytest.raises(NotSigned):
                give(made)


def _newest(key: str, locale: str) -> notices.NoticeText:
    """The text that is shown to anyone who is asked today."""
    mine = [
        text for text in notices.load_notice_texts() if (text.key, text.locale) == (key, locale)
    ]
    return max(mine, key=lambda text: text.version)

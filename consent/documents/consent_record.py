"""Consent records: the proof of a consent, shaped after ISO/IEC TS 27560, as exact signed bytes.

The profile is DPV record-eu-gdpr. The JCS bytes are stored, and they are what is signed. Nothing is
serialised again to verify it. People appear as random ids, evidence as hashes. The bytes of the
evidence are in the vault and can be erased without touching the signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from accounts import contact_details
from consent.models import Consent, Evidence, Grant
from consent.policy import grant_scope, providers, use_cases
from core import canonical_json, jws
from core.canonical_json import Json
from core.clock import to_rfc3339
from vault import signing_keys

SCHEMA: Final = "sayso-consent-record/1"
PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
JWS_TYPE: Final = "sayso-consent-record+jws"
_DATA: Final = (
    ("voice_recording", "collected", False),
    ("voice_model", "derived", False),
    ("speaker_embedding", "derived", True),
    ("text_to_be_spoken", "collected", False),
    ("output_audio", "generated", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """A record: its JCS bytes, their SHA-256, the compact JWS over them, and the id of the key."""

    record: bytes
    sha256: str
    jws: str
    key_id: str


def sign_record(record: dict[str, Json], *, organisation_id: str, at: datetime) -> SignedRecord:
    """Bring a record to JCS bytes and sign them with the organisation's key for records.

    Raises KmsUnavailable.
    """
    data = canonical_json.dump(record)
    signer = signing_keys.get_signer("records", organisation_id=organisation_id, at=at)

    return SignedRecord(
        record=data,
        sha256=canonical_json.sha256_hex(data),
        jws=jws.sign_compact(data, key_id=signer.key_id, typ=JWS_TYPE, sign=signer.sign),
        key_id=signer.key_id,
    )


def get_record_key(organisation_id: str, key_id: str) -> bytes:
    """Return the 32 raw bytes of the Ed25519 key under this id.

    Raises LookupError if the organisation never had it.
    """
    for key in signing_keys.list_public_keys(organisation_id, "records"):
        if key.key_id == key_id:
            return key.public_key

    raise LookupError(key_id)


def build_record(
    consent: Consent,
    *,
    grants: Sequence[Grant],
    evidence: Sequence[Evidence],
    method: str,
    valid_from: datetime,
    valid_until: datetime,
    at: datetime,
) -> dict[str, Json]:
    """Return the record of a consent as it is signed now.

    `grants` are those that the person ticked.
    """
    notice = consent.notice_version
    named = [providers.PROVIDERS[code] for code in consent.providers]
    return {
        "header": {
            "schema_version": SCHEMA,
            "profile": PROFILE,
            "record_id": consent.id,
            "pii_principal_id": consent.speaker_id,
            "livemode": consent.livemode,
            "supersedes": consent.supersedes_id,
        },
        "processing": [_build_processing(consent, grant) for grant in grants],
        "providers": [providers.provider_to_json(facts) for facts in named],
        "notice": {
            "id": notice.notice_id,
            "key": notice.notice.key,
            "version": notice.version,
            "locale": notice.locale,
            "sha256": notice.sha256,
        },
        "parties": _build_parties(consent),
        "events": [
            {
                "event_time": to_rfc3339(at),
                "event_type": "explicit_consent",
                "event_state": "https://w3id.org/dpv#ConsentGiven",
                "entity_id": consent.speaker_id,
                "expression_method": method,
                "validity_duration": {
                    "from": to_rfc3339(valid_from),
                    "until": to_rfc3339(valid_until),
                },
            }
        ],
        "assurance": consent.assurance,
        "representation": consent.representation,
        "evidence": [
            {"id": item.id, "kind": item.kind, "sha256": item.sha256} for item in evidence
        ],
    }


def _build_processing(consent: Consent, grant: Grant) -> dict[str, Json]:
    scope = grant.signed
    notice: dict[str, Json] = consent.notice_version.body
    return {
        "grant_id": grant.id,
        "privacy_notice": consent.notice_version.sha256,
        "language": consent.notice_version.locale,
        "purpose": use_cases.use_case_to_dpv(grant.use_case),
        "purpose_codes": [grant.use_case, *grant_scope.get_strings(scope, "actions")],
        "purpose_description_sha256": scope["intended_uses_sha256"],
        "lawful_basis": [
            "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a",
            "https://w3id.org/dpv/legal/eu/gdpr#A9-2-a",
        ],
        "pii_information": [
            {"pii_type": name, "pii_source": source, "special_category": special}
            for name, source, special in _DATA
        ],
        "collection_method": "recording supplied by or with the person",
        "processing_method": list(grant_scope.get_strings(scope, "actions")),
        "storage_locations": ["as the controller's processing agreement states"],
        "retention_period": notice["retention_periods"],
        "geographic_restriction": list(grant_scope.get_strings(scope, "territories")),
        "jurisdiction": list(consent.jurisdictions),
        "recipients": [providers.PROVIDERS[code].name for code in consent.providers],
        "withdrawal_method": f"{settings.SAYSO_PUBLIC_URL}/sign",
        "rights": "GDPR Art. 15-22",
        "scope": scope,
    }


def _build_parties(consent: Consent) -> list[Json]:
    organisation = consent.organisation
    said = contact_details.get_contact(organisation)
    return [
        {
            "party_id": organisation.id,
            "party_type": "controller",
            "name": organisation.name,
            "address": str(organisation.contact.get("address", "")),
            "contact": said.contact,
            "data_protection_officer": said.dpo,
        },
        {
            "party_id": "sayso",
            "party_type": "processor",
            "name": "Sayso",
            "address": settings.SAYSO_PUBLIC_URL,
            "contact": settings.SAYSO_PUBLIC_URL,
        },
        {"party_id": consent.speaker_id, "party_type": "pii_principal"},
    ]
